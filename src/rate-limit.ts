/** A token bucket: `perSecond` in the long run, `burst` at once. No timer; it refills when it is looked at. */
export class TokenBucket {
  private tokens: number;
  private at: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.tokens = burst;
    this.at = now;
  }

  /** @returns 0 when taken, else the milliseconds until the next token */
  take(now: number): number {
    this.tokens = Math.min(this.burst, this.tokens + (Math.max(0, now - this.at) / 1_000) * this.perSecond);
    this.at = now;
    if (this.tokens >= 1) {
      this.tokens--;
      return 0;
    }
    return Math.ceil(((1 - this.tokens) / this.perSecond) * 1_000);
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
  take(key: string): number {
    const now = this.now();
    const bucket = this.buckets.get(key) ?? new TokenBucket(this.perSecond, this.burst, now);
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > MAX_BUCKETS) {
      const oldest = this.buckets.keys().next().value;
      if (oldest !== undefined) this.buckets.delete(oldest);
    }
    return bucket.take(now);
  }
}
