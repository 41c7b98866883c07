/** How long the event loop works on what people ask before it looks after everything else. */
const SLICE_MS = 2;
/** What may wait at a time. */
const MOST_WAITING = { perKey: 1_000, total: 10_000 };

/**
 * What arrives together is begun at once for a few milliseconds; the rest waits, and goes on in turns, one of each key,
 * while sockets and timers have theirs in between. So whoever asks for much at the same instant waits for themselves. What
 * one key asks for is begun in its order.
 */
export class FairTurns {
  /** Keys in the order of their turns. */
  private readonly waiting = new Map<string, (() => void)[]>();
  private total = 0;
  private scheduled = false;
  /** When the slice of this turn of the event loop is over; null before anything is begun in it. */
  private sliceEnds: number | null = null;

  constructor(private readonly most = MOST_WAITING) {}

  /**
   * @param light it takes next to no time, and waits only behind what its key has asked for before
   * @returns false, and does nothing, when too much waits already
   */
  run(key: string, work: () => void, { light = false } = {}): boolean {
    const before = this.waiting.get(key);
    if (!before && (light || this.hasTime())) {
      work();
      return true;
    }
    if (this.total >= this.most.total || (before?.length ?? 0) >= this.most.perKey) return false;
    this.total++;
    if (before) before.push(work);
    else this.waiting.set(key, [work]);
    this.schedule();
    return true;
  }

  private hasTime(): boolean {
    const now = performance.now();
    if (this.sliceEnds === null) {
      this.sliceEnds = now + SLICE_MS;
      setImmediate(() => (this.sliceEnds = null));
    }
    return now < this.sliceEnds;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.work();
      if (this.waiting.size > 0) this.schedule();
    });
  }

  /** Some turns; one at least, whatever else there was to do. */
  private work(): void {
    this.hasTime(); // the slice begins
    for (const [key, works] of this.waiting) {
      const work = works.shift()!;
      this.waiting.delete(key);
      if (works.length > 0) this.waiting.set(key, works); // behind everybody else
      this.total--;
      work();
      if (!this.hasTime()) return;
    }
  }
}
