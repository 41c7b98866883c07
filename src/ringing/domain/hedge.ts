import type { Reach } from '../../devices/reach.js';
import type { Decision } from '../../event-store/event.js';
import { type Wake, type WakeEvent, placesLeft } from './wake.js';
import { hedgeKey, pushNow } from './jobs.js';
import { pushRequested } from './request-wake.js';

export interface HedgeFacts {
  callId: string;
  deviceId: string;
  /** undefined: the call no longer rings, or nothing reaches the device any more. */
  reach: Reach | undefined;
  newPushId: () => string;
}

/** The device's socket looked alive and has not acknowledged the call: unless it has since, the device is pushed as well. */
export function hedge(wake: Wake, { callId, deviceId, reach, newPushId }: HedgeFacts): Decision<WakeEvent> {
  const cancelJobs = [hedgeKey(callId, deviceId)];
  const device = wake.devices[deviceId];
  const room = device !== undefined || placesLeft(wake) > 0;
  if (!reach?.push || device?.reached || device?.push || !room) return { events: [], cancelJobs };
  return {
    events: [pushRequested(reach, 'no-acknowledgement', newPushId())],
    jobs: [pushNow(callId, deviceId, reach.push)],
    cancelJobs,
  };
}
