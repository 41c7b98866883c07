/** Work that was begun and must be let finish before something is closed under it. */
export class InFlight {
  private readonly begun = new Set<Promise<unknown>>();

  get size(): number {
    return this.begun.size;
  }

  /** Gives the same promise back. */
  add<T>(work: Promise<T>): Promise<T> {
    this.begun.add(work);
    const over = (): boolean => this.begun.delete(work);
    void work.then(over, over);
    return work;
  }

  /** Settles when everything begun until now is done. */
  async done(): Promise<void> {
    await Promise.allSettled(this.begun);
  }
}
