import { Injectable } from '@nestjs/common';
import { Failure } from '../errors/api-error.js';
import { RateLimiter } from '../limits/rate-limit.js';

/** Registrations and sign-outs of one user: an app registers at every start, and all of a user's installs may start at once. */
const CHANGES = { perMinute: 10, atOnce: 150 };

/** Each registration may be an event for ever, so one user may cause so many. */
@Injectable()
export class DeviceQuota {
  private readonly changes = new RateLimiter(CHANGES.perMinute / 60, CHANGES.atOnce);

  /** @throws Failure `RATE_LIMITED` */
  take(userId: string): void {
    const retryAfterMs = this.changes.take(userId);
    if (retryAfterMs === 0) return;
    const message = `More than ${CHANGES.perMinute} registrations and sign-outs of one user per minute.`;
    throw new Failure('RATE_LIMITED', message, { retryAfterMs });
  }
}
