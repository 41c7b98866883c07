import { RingwayError } from './error.js';
import { type BackoffRange, MAX_TIMER_MS, backoff } from './retry.js';
import type { Tokens } from './tokens.js';

interface Session {
  say(token: string): Promise<unknown>;
  /** With whatever token there is now. */
  reconnect(): void;
}

const EARLIEST_BEFORE_END_MS = 60_000;
const SOONEST_MS = 1_000;
const RETRY: BackoffRange = { firstMs: 2_000, mostMs: 30_000 };

/** Hands the gateway a new token before the old one ends, so that the connection need not break for it. */
export class SessionRefresh {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private clockAheadMs = 0;
  /** Counts sessions, so that an answer from an old one changes nothing. */
  private round = 0;

  constructor(
    private readonly tokens: Tokens,
    private readonly session: Session,
  ) {}

  /** @param clockAheadMs how far the clock that `exp` belongs to is ahead of ours */
  watch(clockAheadMs: number): void {
    this.stop();
    this.clockAheadMs = clockAheadMs;
    this.plan();
  }

  stop(): void {
    this.round++;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private plan(): void {
    const { expiresAt } = this.tokens.claims;
    if (expiresAt === null || !this.tokens.renewable) return;
    this.refreshIn(refreshAfter(expiresAt - this.clockAheadMs - Date.now()), 0);
  }

  private refreshIn(ms: number, attempt: number): void {
    this.timer = setTimeout(() => void this.refresh(attempt), ms);
  }

  private async refresh(attempt: number): Promise<void> {
    const { round } = this;
    this.tokens.drop();
    try {
      const token = await this.tokens.get();
      if (round !== this.round) return;
      await this.session.say(token);
      if (round === this.round) this.plan();
    } catch (error) {
      if (round !== this.round) return;
      // A token of another user cannot take over this session, but it can have one of its own.
      if (error instanceof RingwayError && error.code === 'UNAUTHENTICATED') this.session.reconnect();
      else this.refreshIn(backoff(attempt, RETRY), attempt + 1);
    }
  }
}

/** When to refresh a token that ends in so many milliseconds: in its last minute, or the last quarter of a short life. */
export const refreshAfter = (leftMs: number): number =>
  Math.min(Math.max(SOONEST_MS, leftMs - Math.min(EARLIEST_BEFORE_END_MS, leftMs / 4)), MAX_TIMER_MS);
