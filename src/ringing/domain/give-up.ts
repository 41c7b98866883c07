import type { Reach } from '../../devices/reach.js';
import type { Decision } from '../../event-store/event.js';
import type { Wake, WakeEvent } from './wake.js';
import { unreachable } from './request-wake.js';

/** Every push was refused for good, and nothing else can reach anybody: waiting for the ring to end would help nobody. */
export function giveUp(wake: Wake, { reaches }: { reaches: readonly Reach[] }): Decision<WakeEvent> {
  const untried = reaches.some(
    ({ deviceId, live, push }) => live !== null || (push !== null && !wake.devices[deviceId]),
  );
  return { events: mayStillRing(wake) || untried ? [] : [unreachable('push-refused')] };
}

/** A device has the call, or its push has not been refused yet. */
export const mayStillRing = ({ devices }: Wake): boolean =>
  Object.values(devices).some(({ reached, push }) => reached || (push && push.result !== 'rejected'));
