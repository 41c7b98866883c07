import { Injectable } from '@nestjs/common';

/** Larger than any usual offer. A frame of 65,536 bytes may take 3 ms to parse and check. */
const LARGE_BYTES = 16_384;
/** How long the event loop works on large frames before it looks after everything else. */
const SLICE_MS = 5;

/**
 * Large frames are looked into in turns, one of each user, a few milliseconds at a time: so whoever sends many of them
 * waits for themselves. What a user says stays in order: behind a large frame that waits, small ones wait too.
 */
@Injectable()
export class LargeFrames {
  /** Users in the order of their turns. */
  private readonly waiting = new Map<string, (() => void)[]>();
  private scheduled = false;

  /** Looks into a frame of so many bytes, now if it is small. */
  look(userId: string, bytes: number, look: () => void): void {
    const before = this.waiting.get(userId);
    if (before) before.push(look);
    else if (bytes <= LARGE_BYTES) look();
    else {
      this.waiting.set(userId, [look]);
      this.schedule();
    }
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.work(performance.now() + SLICE_MS);
      if (this.waiting.size > 0) this.schedule();
    });
  }

  private work(until: number): void {
    for (const [userId, looks] of this.waiting) {
      const [look, ...later] = looks;
      this.waiting.delete(userId);
      if (later.length > 0) this.waiting.set(userId, later); // behind everybody else
      look!();
      if (performance.now() >= until) return;
    }
  }
}
