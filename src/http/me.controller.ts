import { Controller, Delete, HttpCode } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { SpeakingUser } from '../auth/speaker.js';
import type { User } from '../auth/user-tokens.js';
import { EraseUser } from '../privacy/erase-user.js';
import { Describe } from './describe.js';

/** What concerns the user as a person. */
@ApiTags('privacy')
@Controller('v1')
export class MeController {
  constructor(private readonly commands: CommandBus) {}

  @Delete('me')
  @HttpCode(204)
  @Describe({
    summary: 'Erase the user: devices go, live calls end, name and metadata become unreadable for everybody',
    answer: { status: 204 },
  })
  async erase(@SpeakingUser() user: User): Promise<void> {
    await this.commands.execute(new EraseUser(user.userId));
  }
}
