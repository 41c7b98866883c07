import type { Decision } from '../../src/event-store/event.js';
import type { Wake, WakeEvent } from '../../src/ringing/domain/wake.js';
import { wakeAfter } from './given-devices.js';

/** What a decide function comes to after these events, in short: types of events with their device, keys of jobs. */
export const given = (...events: WakeEvent[]) => ({
  when<Facts>(decide: (wake: Wake, facts: Facts) => Decision<WakeEvent>, facts: Facts) {
    const decision = decide(wakeAfter(...events), facts);
    return {
      ...decision,
      happens: decision.events.map(({ type, data }) => `${type} ${data.deviceId}`),
      obliges: (decision.jobs ?? []).map(({ key, dueInMs, leaseMs }) => ({ key, dueInMs, leaseMs })),
      cancels: decision.cancelJobs ?? [],
    };
  },
});
