import { RingwayError } from './error.js';

/** The longest delay a timer takes. */
export const MAX_TIMER_MS = 2_147_483_647;

export interface BackoffRange {
  /** The first pause is at most this long. */
  firstMs: number;
  /** And none is longer. */
  mostMs: number;
}

/** Exponential, with full jitter: thousands of clients that lost the same gateway come back spread over the time. */
export function backoff(attempt: number, { firstMs, mostMs }: BackoffRange, random = Math.random): number {
  return random() * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30));
}

/** Resolves after this time, or at once when the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, MAX_TIMER_MS));
    signal?.addEventListener('abort', done);
  });
}

/** What the promise gives, unless that takes longer. */
export async function inTime<T>(promise: Promise<T>, ms: number, late: () => RingwayError): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(ms, MAX_TIMER_MS));
  });
  return Promise.race([promise, tooLate]).finally(() => clearTimeout(timer));
}

/** A point in time until which something is tried. Monotonic where the platform has such a clock. */
export class Deadline {
  private readonly at: number;

  constructor(readonly ms: number) {
    this.at = now() + ms;
  }

  get leftMs(): number {
    // Timers may fire a fraction of a millisecond early.
    return Math.max(0, Math.floor(this.at - now()));
  }

  /** @param cause what went wrong last */
  error(what: string, cause: RingwayError | null = null): RingwayError {
    const message = `${what} was not answered within ${this.ms} ms.`;
    return new RingwayError('TIMEOUT', message, { retryable: true, ...(cause ? { cause } : {}) });
  }
}

const now = (): number => (typeof performance === 'undefined' ? Date.now() : performance.now());
