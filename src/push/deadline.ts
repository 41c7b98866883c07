/** The moment after which nobody waits any more, kept on the monotonic clock: setting the wall clock cannot stretch it. */
export class Deadline {
  private readonly at: number;

  constructor(ms: number) {
    this.at = performance.now() + ms;
  }

  /** Milliseconds left, never below 0. */
  get left(): number {
    return Math.max(0, this.at - performance.now());
  }

  /** What the promise gives, or 'late' when the deadline (or `atMost` ms) passes first. */
  async wait<T>(promise: Promise<T>, atMost = Infinity): Promise<T | 'late'> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), Math.min(this.left, atMost));
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
