import type { Decision } from '../../event-store/event.js';
import { type Wake, type WakeEvent, placesLeft } from './wake.js';
import { hedgeKey } from './jobs.js';

export interface Reached {
  callId: string;
  deviceId: string;
  via: 'socket' | 'preflight' | 'action';
}

/** The device has shown that the call got through to it: recorded once. */
export function confirmReached(wake: Wake, { callId, deviceId, via }: Reached): Decision<WakeEvent> {
  if (isConfirmed(wake, deviceId)) return { events: [] };
  return {
    events: [{ type: 'DeviceReached', data: { deviceId, via } }],
    cancelJobs: [hedgeKey(callId, deviceId)],
  };
}

/** Recorded already, or one device too many. */
export function isConfirmed(wake: Wake, deviceId: string): boolean {
  const device = wake.devices[deviceId];
  return device ? device.reached : placesLeft(wake) === 0;
}
