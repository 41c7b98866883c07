import type { Reach } from '../../devices/reach.js';
import type { Decision, NewJob } from '../../event-store/event.js';
import { type Step, planWake } from './wake-plan.js';
import { appOf } from './push-policy.js';
import type { Wake, WakeEvent, WakeReason } from './wake.js';
import { LEASE_MS, hedgeLater, pushNow, wakeKey } from './jobs.js';

/** So many pushes of one call are under way at once: whoever has many installs holds nobody else's calls up. */
export const PUSHES_AT_ONCE = 10;

export interface WakeFacts {
  callId: string;
  /** The callee's devices. */
  reaches: readonly Reach[];
  /** How long a live socket has to acknowledge the call before its device is pushed as well. */
  ringAckTimeoutMs: number;
  newPushId: () => string;
}

/** The call has begun: the callee's devices with a live socket hear it there, the others are pushed. */
export function requestWake(wake: Wake, facts: WakeFacts): Decision<WakeEvent> {
  const { callId, reaches } = facts;
  const cancelJobs = [wakeKey(callId)];
  if (!reaches.some(({ live, push }) => live !== null || push !== null))
    return { events: [unreachable('no-device')], cancelJobs };
  const steps = planWake(reaches, wake);
  let pushes = 0;
  const jobsOf = (step: Step): NewJob[] => {
    const { deviceId, push } = step.reach;
    if (step.how === 'socket')
      return step.hedge ? [hedgeLater(callId, deviceId, facts.ringAckTimeoutMs)] : [];
    // Leased for as long as it may have to wait for its turn.
    const leaseMs = LEASE_MS * (1 + Math.floor(pushes++ / PUSHES_AT_ONCE));
    return [pushNow(callId, deviceId, push!, leaseMs)];
  };
  const events = steps.map((step) =>
    step.how === 'push'
      ? pushRequested(step.reach, step.because, facts.newPushId())
      : socketRequested(step.reach),
  );
  return { events, jobs: steps.flatMap(jobsOf), cancelJobs };
}

export const unreachable = (reason: 'no-device' | 'push-refused'): WakeEvent => ({
  type: 'DeviceUnreachable',
  data: { deviceId: null, reason },
});

const socketRequested = ({ deviceId, platform }: Reach): WakeEvent => ({
  type: 'WakeRequested',
  data: { deviceId, platform, channel: 'socket' },
});

/** @throws TypeError when there is nowhere to push the device */
export function pushRequested(
  { deviceId, platform, push }: Reach,
  because: WakeReason,
  pushId: string,
): WakeEvent {
  const address = push!;
  return {
    type: 'WakeRequested',
    data: {
      deviceId,
      platform,
      channel: 'push',
      because,
      provider: address.provider,
      environment: address.provider === 'apns' ? address.environment : null,
      app: appOf(address),
      pushId,
    },
  };
}
