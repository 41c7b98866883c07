import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Failure } from '../errors/api-error.js';
import { RateLimiter } from '../limits/rate-limit.js';
import { Calls } from './calls.js';
import { type ExistingCall, isParticipant } from './domain/call.js';
import { LiveCalls } from './live-calls.js';

/** How many users' worth of calls may come to one person: no two of them can keep everybody else away. */
const CALLERS_PER_CALLEE = 20;
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
    private readonly calls: Calls,
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
  async charge<R extends { created: boolean; call: ExistingCall }>(
    { caller, callee, callId }: { caller: string; callee: string; callId: string },
    start: () => Promise<R>,
  ): Promise<R> {
    const refused = this.take(caller, callee);
    if (refused) {
      // A phone that lost our reply asks again: under an id that is taken no call begins.
      const known = await this.calls.recall(callId);
      if (known.state === 'none' || !isParticipant(known, caller)) throw refused;
      return start();
    }
    let result: R | null = null;
    try {
      result = await start();
      return result;
    } finally {
      if (!result?.created) this.ofCaller.giveBack(caller);
      // What was over at once, because it was cancelled before or the callee was busy, has troubled nobody.
      if (!result?.created || result.call.state === 'ended') this.toCallee.giveBack(callee);
    }
  }

  /** The refusal, or null when there is room for one more call; then its place is taken. */
  private take(caller: string, callee: string): Failure | null {
    const { callsPerMinute } = this.config;
    const most = callsPerMinute * LIVE_MINUTES;
    if (this.live.startedBy(caller) >= most) return limited(`More than ${most} calls at once.`, LATER_MS);
    const ownMs = this.ofCaller.take(caller);
    if (ownMs > 0) return limited(`More than ${callsPerMinute} calls per minute.`, ownMs);
    const theirMs = this.toCallee.take(callee);
    if (theirMs === 0) return null;
    this.ofCaller.giveBack(caller);
    return limited('Too many calls just now.', theirMs); // nobody learns who else is called
  }
}

const limited = (message: string, retryAfterMs: number): Failure =>
  new Failure('RATE_LIMITED', message, { retryAfterMs });
