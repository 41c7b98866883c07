/** Work under the same key runs one after the other, in the order it came; work under different keys runs side by side. */
export class KeyedQueue {
  /** The last work of each key that has work left. */
  private readonly tails = new Map<string, Promise<unknown>>();

  /** How many keys have work left. */
  get size(): number {
    return this.tails.size;
  }

  /**
   * @param longest how long the work may wait for its turn; later it is not begun, and fails with that error
   * @returns what `work` comes to; the failure of earlier work is its own affair
   */
  run<R>(key: string, work: () => Promise<R>, longest?: { ms: number; error: () => Error }): Promise<R> {
    const before = this.tails.get(key);
    const queuedAt = performance.now();
    const begin = (): Promise<R> =>
      longest && performance.now() - queuedAt > longest.ms ? Promise.reject(longest.error()) : work();
    const turn = before ? before.then(begin, begin) : work();
    this.tails.set(key, turn);
    const done = (): void => {
      if (this.tails.get(key) === turn) this.tails.delete(key);
    };
    turn.then(done, done);
    return turn;
  }
}
