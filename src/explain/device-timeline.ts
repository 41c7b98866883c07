import type { TimelineItem } from '../history/timeline.js';
import type { WakeEvent } from '../ringing/domain/wake.js';

export type Happened = Pick<TimelineItem, 'stream' | 'type' | 'data' | 'at'>;

/** What is known of one device of the callee. Moments are milliseconds since the epoch. */
export interface DeviceFacts {
  deviceId: string;
  told: number | null;
  reached: { at: number; via: 'socket' | 'preflight' | 'action' } | null;
  rang: number | null;
  push: {
    at: number;
    provider: 'APNs' | 'FCM';
    app: string;
    environment: string | null;
    /** Pushed because the socket did not acknowledge. */
    hedged: boolean;
    accepted: number | null;
    rejected: Rejection | null;
    /** The last thing that kept the provider from taking it; what it said tells more than its silence. */
    trouble: Trouble | null;
    /** The APNs environment a retry found to be the wrong one. */
    refusedIn: string | null;
  } | null;
  healed: { from: string; to: string } | null;
  retired: string | null;
}

export interface Rejection {
  at: number;
  status: number | null;
  reason: string;
  environment: string | null;
  configuration: boolean;
}

export interface Trouble {
  at: number;
  status: number | null;
  reason: string;
}

/** Gathers what a call's events say about each device of the callee, in the order the devices were first heard of. */
export function factsOf(events: readonly Happened[]): DeviceFacts[] {
  const all = new Map<string, DeviceFacts>();
  for (const { stream, type, data, at } of events) {
    const moment = Date.parse(at);
    if (stream === 'wake') {
      const event = { type, data } as WakeEvent;
      if (typeof event.data.deviceId === 'string') learn(factsIn(all, event.data.deviceId), event, moment);
    } else if (type === 'CallRinging' && typeof data.deviceId === 'string') {
      factsIn(all, data.deviceId).rang ??= moment;
    }
  }
  return [...all.values()];
}

function factsIn(all: Map<string, DeviceFacts>, deviceId: string): DeviceFacts {
  const nothing = { told: null, reached: null, rang: null, push: null, healed: null, retired: null };
  const facts = all.get(deviceId) ?? { deviceId, ...nothing };
  all.set(deviceId, facts);
  return facts;
}

function learn(facts: DeviceFacts, { type, data }: WakeEvent, at: number): void {
  const { push } = facts;
  switch (type) {
    case 'WakeRequested':
      if (data.channel === 'socket') facts.told = at;
      else
        facts.push = {
          ...{ at, app: data.app, environment: data.environment },
          provider: data.provider === 'apns' ? 'APNs' : 'FCM',
          hedged: data.because === 'no-acknowledgement',
          ...{ accepted: null, rejected: null, trouble: null, refusedIn: null },
        };
      break;
    case 'PushAccepted':
      if (push) push.accepted = at;
      break;
    case 'PushRejected':
      if (push) push.rejected = { at, ...data };
      break;
    case 'PushRetried':
      if (push && (data.status !== null || push.trouble === null)) push.trouble = { at, ...data };
      if (push) push.refusedIn = data.refusedIn ?? push.refusedIn;
      break;
    case 'DeviceApnsEnvironmentCorrected':
      facts.healed = { from: data.from, to: data.to };
      break;
    case 'DevicePushTokenRetired':
      facts.retired = data.reason;
      break;
    case 'DeviceReached':
      facts.reached = { at, via: data.via };
      break;
    case 'DeviceUnreachable':
      break;
  }
}
