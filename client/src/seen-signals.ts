import type { Signal } from './wire.js';

/** Drops signals of a call that were received before: the gateway numbers them per sending device and delivers them in order. */
export class SeenSignals {
  private readonly last = new Map<string, number>();

  /** Whether it was not seen before; then it has been. */
  isNew({ from, seq }: Pick<Signal, 'from' | 'seq'>): boolean {
    const sender = JSON.stringify([from.userId, from.deviceId]);
    if (seq <= (this.last.get(sender) ?? 0)) return false;
    this.last.set(sender, seq);
    return true;
  }
}
