import type { CallEvent, ExistingCall, Recorded } from './domain/call.js';
import type { EventActor } from '../event-store/event.js';

/**
 * A call has just changed, on this node. Published in memory after the commit: whoever reacts may be told late or, if
 * the process dies, never; what must happen is a job.
 */
export class CallChanged {
  constructor(
    readonly call: ExistingCall,
    readonly events: readonly Recorded<CallEvent>[],
    readonly by: EventActor | null,
  ) {}
}
