import { Controller, Delete, HttpCode } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { SpeakingUser } from '../auth/principal.js';
import type { User } from '../auth/user-tokens.js';
import { Failure } from '../errors/api-error.js';
import { EraseUser } from '../privacy/erase-user.js';
import { RateLimiter } from '../limits/rate-limit.js';
import { Describe } from './api-doc.js';

/** An erasure is work for every node and for the app's backend; once is enough, and a few repetitions. */
const ERASURES = { perHour: 5, atOnce: 10 };

/** What concerns the user as a person. */
@ApiTags('privacy')
@Controller('v1')
export class MeController {
  private readonly erasures = new RateLimiter(ERASURES.perHour / 3_600, ERASURES.atOnce);

  constructor(private readonly commands: CommandBus) {}

  @Delete('me')
  @HttpCode(204)
  @Describe({
    summary: 'Erase the user: devices go, live calls end, name and metadata become unreadable for everybody',
    answer: { status: 204 },
  })
  async erase(@SpeakingUser() user: User): Promise<void> {
    const retryAfterMs = this.erasures.take(user.userId);
    if (retryAfterMs > 0) {
      const message = `More than ${ERASURES.perHour} erasures of one user per hour.`;
      throw new Failure('RATE_LIMITED', message, { retryAfterMs });
    }
    await this.commands.execute(new EraseUser(user.userId));
  }
}
