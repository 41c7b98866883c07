import fc from 'fast-check';
import { RateLimiter, TokenBucket } from '../../src/limits/rate-limit.js';

const takeTimes = (bucket: TokenBucket, times: number, now: number): number[] =>
  Array.from({ length: times }, () => bucket.take(now));

describe('a token bucket', () => {
  it('lets a burst through at once, and says how long the next one takes', () => {
    const bucket = new TokenBucket(50, 200, 0);
    expect(takeTimes(bucket, 200, 0).every((ms) => ms === 0)).toBe(true);
    expect(bucket.take(0)).toBe(20);
    expect(bucket.take(19)).toBe(1);
    expect(bucket.take(20)).toBe(0);
  });

  it('refills at its rate, and never beyond the burst', () => {
    const bucket = new TokenBucket(10, 5, 0);
    takeTimes(bucket, 5, 0);
    expect(takeTimes(bucket, 4, 300)).toEqual([0, 0, 0, 100]);
    expect(takeTimes(bucket, 6, 1_000_000)).toEqual([0, 0, 0, 0, 0, 100]);
  });

  it('gives nothing until a debt is paid, and a debt is a burst at most', () => {
    const bucket = new TokenBucket(10, 5, 0);
    bucket.charge(0, 7);
    expect(bucket.take(0, 0)).toBe(200);
    expect(bucket.take(200, 0)).toBe(0);
    bucket.charge(200, 1_000_000);
    expect(bucket.take(200, 0)).toBe(500);
  });

  it('gives nothing for a clock that runs backwards', () => {
    const bucket = new TokenBucket(1, 1, 10_000);
    expect(bucket.take(10_000)).toBe(0);
    expect(bucket.take(0)).toBeGreaterThan(0);
    expect(bucket.take(10_000)).toBeGreaterThan(0);
    expect(bucket.take(11_000)).toBe(0);
  });

  it('keeps its word: who waits as long as told gets through', () =>
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1_000, noNaN: true }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat(3_000), { maxLength: 60 }),
        (perSecond, burst, pauses) => {
          const bucket = new TokenBucket(perSecond, burst, 0);
          let now = 0;
          for (const pause of pauses) {
            now += pause;
            const retryAfterMs = bucket.take(now);
            if (retryAfterMs === 0) continue;
            expect(Number.isInteger(retryAfterMs)).toBe(true);
            now += retryAfterMs;
            expect(bucket.take(now)).toBe(0);
          }
        },
      ),
    ));

  it('lets no more through than burst and rate allow, however it is asked', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.nat(500), { maxLength: 200 }),
        (perSecond, pauses) => {
          const bucket = new TokenBucket(perSecond, 10, 0);
          let now = 0;
          let taken = 0;
          for (const pause of pauses) {
            now += pause;
            if (bucket.take(now) === 0) taken++;
          }
          expect(taken).toBeLessThanOrEqual(10 + (now / 1_000) * perSecond + 1e-6);
        },
      ),
    ));
});

describe('a rate limiter', () => {
  const limiterAt = (time: { now: number }): RateLimiter => new RateLimiter(1, 2, () => time.now);

  it('counts for each user alone', () => {
    const limiter = limiterAt({ now: 0 });
    expect([limiter.take('alice'), limiter.take('alice'), limiter.take('bob')]).toEqual([0, 0, 0]);
    expect(limiter.take('alice')).toBe(1_000);
    expect(limiter.take('bob')).toBe(0);
  });

  it('lets them through again after the time it said', () => {
    const time = { now: 0 };
    const limiter = limiterAt(time);
    limiter.take('alice');
    limiter.take('alice');
    time.now += limiter.take('alice');
    expect(limiter.take('alice')).toBe(0);
  });

  it('remembers 50,000 users at most, the latest', () => {
    const limiter = limiterAt({ now: 0 });
    for (const user of ['busy', 'first', 'first', 'busy']) limiter.take(user);
    for (let i = 0; i < 49_999; i++) limiter.take(`user ${i}`);
    expect(limiter.take('busy')).toBe(1_000);
    expect(limiter.take('first')).toBe(0);
  });
});
