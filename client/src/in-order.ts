import type { Signal } from './wire.js';

/** Which signals of a call have been seen: the gateway counts them per sending device, and gives them in order. */
export class InOrder {
  private readonly last = new Map<string, number>();

  /** Whether it was not seen before; then it has been. */
  isNew({ from, seq }: Pick<Signal, 'from' | 'seq'>): boolean {
    const sender = JSON.stringify([from.userId, from.deviceId]);
    if (seq <= (this.last.get(sender) ?? 0)) return false;
    this.last.set(sender, seq);
    return true;
  }
}
