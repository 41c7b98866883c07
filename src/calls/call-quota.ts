import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { Failure } from '../failure.js';
import { RateLimiter } from '../rate-limit.js';

/** How many calls one user may start, over sockets and HTTP together (`RATE_LIMIT_CALLS_PER_MINUTE`). */
@Injectable()
export class CallQuota {
  private readonly limiter: RateLimiter;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.limiter = new RateLimiter(config.callsPerMinute / 60, config.callsPerMinute);
  }

  /** @throws Failure `RATE_LIMITED` */
  take(userId: string): void {
    const retryAfterMs = this.limiter.take(userId);
    if (retryAfterMs === 0) return;
    throw new Failure('RATE_LIMITED', `More than ${this.config.callsPerMinute} calls per minute.`, {
      retryAfterMs,
    });
  }
}
