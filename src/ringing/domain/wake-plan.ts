import type { Reach } from '../../devices/reach.js';
import { type Wake, type WakeReason, placesLeft } from './wake.js';

/** How one device of the callee is going to be reached. */
export type Step =
  { reach: Reach; how: 'socket'; hedge: boolean } | { reach: Reach; how: 'push'; because: WakeReason };

/**
 * Who is pushed and when (contract, section 6): without a live socket or in the background at once; with a live socket
 * in the foreground only if it does not acknowledge in time. Made again after a crash, it leaves alone whom it has asked,
 * unless they were asked over a socket that is gone.
 */
export function planWake(reaches: readonly Reach[], wake: Wake): Step[] {
  const steps = reaches.flatMap((reach): Step[] => {
    const known = wake.devices[reach.deviceId];
    const pushable = reach.push !== null;
    if (pushable && reach.live !== 'foreground' && !known?.push) {
      return [{ reach, how: 'push', because: reach.live === null ? 'offline' : 'background' }];
    }
    if (reach.live === null || known?.push || known?.reached || known?.socket) return [];
    return [{ reach, how: 'socket', hedge: pushable && reach.live === 'foreground' }];
  });
  return steps.slice(0, placesLeft(wake));
}
