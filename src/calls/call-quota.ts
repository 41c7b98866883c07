import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { Failure } from '../failure.js';
import { RateLimiter } from '../rate-limit.js';
import { LiveCalls } from './live-calls.js';

/** Calls to one person, whoever makes them, in multiples of what one user may make. */
const CALLERS_PER_CALLEE = 2;
/** Calls of one user that may be live at once: what they may start in so many minutes. */
const LIVE_MINUTES = 4;
const LATER_MS = 1_000;

/**
 * How many calls one user may start and have, and how many may come to one person, over sockets and HTTP together
 * (`RATE_LIMIT_CALLS_PER_MINUTE`).
 */
@Injectable()
export class CallQuota {
  private readonly ofCaller: RateLimiter;
  private readonly toCallee: RateLimiter;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly live: LiveCalls,
  ) {
    const { callsPerMinute } = config;
    const toOne = callsPerMinute * CALLERS_PER_CALLEE;
    this.ofCaller = new RateLimiter(callsPerMinute / 60, callsPerMinute);
    this.toCallee = new RateLimiter(toOne / 60, toOne);
  }

  /**
   * Starts a call on the caller's account. A command that started none, because it was a repetition or failed, is free.
   * @throws Failure `RATE_LIMITED`
   */
  async charge<R extends { created: boolean }>(
    caller: string,
    callee: string,
    start: () => Promise<R>,
  ): Promise<R> {
    const { callsPerMinute } = this.config;
    const most = callsPerMinute * LIVE_MINUTES;
    this.demand(this.ofCaller.take(caller), `More than ${callsPerMinute} calls per minute.`);
    let created = false;
    try {
      this.demand(this.live.startedBy(caller) < most ? 0 : LATER_MS, `More than ${most} calls at once.`);
      this.demand(this.toCallee.take(callee), 'Too many calls to one person.');
      try {
        const result = await start();
        created = result.created;
        return result;
      } finally {
        if (!created) this.toCallee.giveBack(callee);
      }
    } finally {
      if (!created) this.ofCaller.giveBack(caller);
    }
  }

  private demand(retryAfterMs: number, message: string): void {
    if (retryAfterMs > 0) throw new Failure('RATE_LIMITED', message, { retryAfterMs });
  }
}
