import type { WakeEvent } from './domain/wake.js';

/** A step towards the callee's devices has just been recorded, on this node. In memory, for whoever likes to know. */
export class WakeProgressed {
  constructor(
    readonly callId: string,
    readonly events: readonly WakeEvent[],
  ) {}
}
