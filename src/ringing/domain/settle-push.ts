import type { Decision } from '../../event-store/event.js';
import type { Verdict } from './push-policy.js';
import { type Wake, type WakeEvent, mayRetry } from './wake.js';
import { pushAgain, pushKey } from './jobs.js';

export interface SettleFacts {
  callId: string;
  deviceId: string;
  verdict: Verdict;
  /** The token was forgotten because of the answer. */
  retired: boolean;
}

/** The provider has answered: what it said is recorded, and the push is sent again where that may help. */
export function settlePush(
  wake: Wake,
  { callId, deviceId, verdict, retired }: SettleFacts,
): Decision<WakeEvent> {
  const cancelJobs = [pushKey(callId, deviceId)];
  const device = wake.devices[deviceId];
  if (device?.push?.result !== 'pending') return { events: [], cancelJobs };
  const { reached } = device;
  const retryInMs = mayRetry(wake, device) ? verdict.retryAfterMs : null;
  const events = verdict
    .events(deviceId, { reached, retryInMs })
    .filter(({ type }) => retired || type !== 'DevicePushTokenRetired');
  const jobs = retryInMs === null ? [] : [pushAgain(callId, deviceId, retryInMs)];
  return { events, jobs, cancelJobs };
}
