interface Lane {
  running: number;
  /** What begins the work that waits. */
  readonly waiting: (() => void)[];
}

/** Work under the same key runs in the order it came, so much of it at a time; work under different keys runs side by side. */
export class KeyedQueue {
  private readonly lanes = new Map<string, Lane>();

  /** @param atOnce how much work of one key may run at a time */
  constructor(private readonly atOnce = 1) {}

  /** How many keys have work left. */
  get size(): number {
    return this.lanes.size;
  }

  /**
   * @param longest how long the work may wait for its turn; later it is not begun, and fails with that error
   * @returns what `work` comes to; the failure of earlier work is its own affair
   */
  run<R>(key: string, work: () => Promise<R>, longest?: { ms: number; error: () => Error }): Promise<R> {
    const lane = this.lanes.get(key) ?? { running: 0, waiting: [] };
    this.lanes.set(key, lane);
    if (lane.running < this.atOnce) return this.begin(key, lane, work);
    const queuedAt = performance.now();
    return new Promise<R>((resolve, reject) => {
      lane.waiting.push(() => {
        const late = longest !== undefined && performance.now() - queuedAt > longest.ms;
        if (late) reject(longest.error());
        else this.begin(key, lane, work).then(resolve, reject);
      });
    });
  }

  private begin<R>(key: string, lane: Lane, work: () => Promise<R>): Promise<R> {
    lane.running++;
    let running: Promise<R>;
    try {
      running = work();
    } catch (error) {
      running = Promise.reject(error instanceof Error ? error : new Error(String(error))); // the key stays free
    }
    const done = (): void => {
      lane.running--;
      while (lane.running < this.atOnce && lane.waiting.length > 0) lane.waiting.shift()!();
      if (lane.running === 0) this.lanes.delete(key);
    };
    running.then(done, done);
    return running;
  }
}
