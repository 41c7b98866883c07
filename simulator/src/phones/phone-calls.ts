import type { CallStage, VirtualCall } from './virtual-call.js';

/** Calls a phone remembers, so that a message that comes late does not make it ring again. */
const REMEMBERED = 50;

/** The calls of one phone: those that live, and some that are over. */
export class PhoneCalls {
  private readonly byId = new Map<string, VirtualCall>();

  add(callId: string, call: VirtualCall): void {
    this.byId.set(callId, call);
    const over = [...this.byId].filter(([, { live }]) => !live);
    for (const [id] of over.slice(0, -REMEMBERED)) this.byId.delete(id);
  }

  get(callId: string): VirtualCall | undefined {
    return this.byId.get(callId);
  }

  all(): VirtualCall[] {
    return [...new Set(this.byId.values())];
  }

  in(...stages: CallStage[]): VirtualCall[] {
    return this.all().filter(({ stage }) => stages.includes(stage));
  }

  /** The newest call that lives: that one is on the screen. */
  get newest(): VirtualCall | null {
    return this.all().findLast(({ live }) => live) ?? null;
  }
}
