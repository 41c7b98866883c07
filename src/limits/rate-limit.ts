/** A thousandth of a millisecond: what rounding may do to a sum of times. */
const ROUNDING_MS = 1e-3;

/**
 * A token bucket: `perSecond` in the long run, `burst` at once. No timer, and nothing to add up: it knows when it will be
 * full again, which also keeps it from giving anything for a clock that runs backwards.
 */
export class TokenBucket {
  private readonly tokenMs: number;
  private readonly burstMs: number;
  private fullAt: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.tokenMs = 1_000 / perSecond;
    this.burstMs = burst * this.tokenMs;
    this.fullAt = now;
  }

  /** @returns 0 when taken, else the milliseconds until there are as many tokens */
  take(now: number, tokens = 1): number {
    const fullAt = Math.max(this.fullAt, now) + tokens * this.tokenMs;
    const waitMs = fullAt - this.burstMs - now;
    if (waitMs > ROUNDING_MS) return Math.ceil(waitMs - ROUNDING_MS);
    this.fullAt = fullAt;
    return 0;
  }

  /** Takes what is known only afterwards, if need be as a debt: until it is paid nothing is given. A debt is a burst at most. */
  charge(now: number, tokens: number): void {
    this.fullAt = Math.min(Math.max(this.fullAt, now) + tokens * this.tokenMs, now + 2 * this.burstMs);
  }

  /** What was taken was not needed. */
  giveBack(): void {
    this.fullAt -= this.tokenMs;
  }
}

const MAX_BUCKETS = 50_000;

/** Token buckets by key (a user, an address). The longest unused are forgotten first: they are full again anyway. */
export class RateLimiter {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @returns 0 when allowed, else the milliseconds until it will be */
  take(key: string, tokens = 1): number {
    const now = this.now();
    return this.bucketOf(key, now).take(now, tokens);
  }

  /** As {@link TokenBucket.charge}. */
  charge(key: string, tokens: number): void {
    const now = this.now();
    this.bucketOf(key, now).charge(now, tokens);
  }

  giveBack(key: string): void {
    this.buckets.get(key)?.giveBack();
  }

  private bucketOf(key: string, now: number): TokenBucket {
    const bucket = this.buckets.get(key) ?? new TokenBucket(this.perSecond, this.burst, now);
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > MAX_BUCKETS) {
      const oldest = this.buckets.keys().next().value;
      if (oldest !== undefined) this.buckets.delete(oldest);
    }
    return bucket;
  }
}
