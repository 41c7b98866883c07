import type { ApnsEnvironment, Platform } from '../../devices/reach.js';

export type Provider = 'apns' | 'fcm';
export type WakeReason = 'offline' | 'background' | 'no-acknowledgement';

/** What happened while the callee's devices were being reached. One stream per call, beside the call's own. */
export type WakeEvent =
  | {
      type: 'WakeRequested';
      data: { deviceId: string; platform: Platform | null } & (
        | { channel: 'socket' }
        | {
            channel: 'push';
            because: WakeReason;
            provider: Provider;
            environment: ApnsEnvironment | null;
            /** The bundle id or Firebase project. */
            app: string;
            /** The `apns-id` of every attempt, so that a repeated push is known as the same. */
            pushId: string;
          }
      );
    }
  | { type: 'PushAccepted'; data: PushFacts }
  | { type: 'PushRejected'; data: PushFacts & MaybeReached & { reason: string; configuration: boolean } }
  | {
      type: 'PushRetried';
      data: PushFacts &
        MaybeReached & {
          reason: string;
          attempt: number;
          /** null: there is no further attempt. */
          afterMs: number | null;
          /** The APNs environment that does not know the token: the next attempt begins with the other one. */
          refusedIn?: ApnsEnvironment;
        };
    }
  | {
      type: 'DeviceApnsEnvironmentCorrected';
      data: { deviceId: string; from: ApnsEnvironment; to: ApnsEnvironment };
    }
  | { type: 'DevicePushTokenRetired'; data: { deviceId: string; provider: Provider; reason: string } }
  | { type: 'DeviceReached'; data: { deviceId: string; via: 'socket' | 'preflight' | 'action' } }
  | { type: 'DeviceUnreachable'; data: { deviceId: string | null; reason: 'no-device' | 'push-refused' } };

interface PushFacts {
  deviceId: string;
  provider: Provider;
  environment: ApnsEnvironment | null;
  status: number | null;
  /**
   * What the other APNs environment had answered a moment before in the same attempt. Absent when only one was asked, and in
   * events of before 0.1.1, which do not hold the first answer.
   */
  refusedBefore?: FirstRefusal;
}

export interface FirstRefusal {
  environment: ApnsEnvironment;
  status: number;
  reason: string;
}

interface MaybeReached {
  /** The device already had the call when the provider's answer came, so nothing was lost. Absent otherwise. */
  reached?: true;
}

export interface DeviceWake {
  platform: Platform | null;
  reached: boolean;
  /** Its socket has confirmed the call; asking or acting over HTTP proves nothing about the socket. */
  acknowledged: boolean;
  socket: boolean;
  push: {
    because: WakeReason;
    pushId: string;
    provider: Provider;
    attempts: number;
    result: 'pending' | 'accepted' | 'rejected' | 'given-up';
    refusedIn?: ApnsEnvironment;
  } | null;
}

export interface Wake {
  version: number;
  devices: Readonly<Record<string, DeviceWake>>;
}

/** Devices of one call that are asked or heard of; a user has at most 50 installs that can be pushed and 50 connections. */
const MOST_DEVICES = 200;
/**
 * From this version on no push is tried again. All that may still be recorded then is how each device ends, at most seven
 * events: a wake stream never holds more than 3,400.
 */
const LAST_RETRY = 2_000;

/** Without a prototype: an install may call itself `constructor`. */
const copyOf = (devices: Wake['devices']): Record<string, DeviceWake> =>
  Object.assign(Object.create(null) as Record<string, DeviceWake>, devices);

export const noWake: Wake = { version: 0, devices: copyOf({}) };
const unknown: DeviceWake = {
  platform: null,
  reached: false,
  acknowledged: false,
  socket: false,
  push: null,
};

export const evolveWake = (wake: Wake, event: WakeEvent): Wake => evolveAll(wake, [event]);

/**
 * The wake after these events; the devices are copied once, however many events there are. A type it does not know,
 * recorded by a newer node in a rolling deploy, changes nothing but the version.
 */
export function evolveAll(wake: Wake, events: readonly WakeEvent[]): Wake {
  const devices = copyOf(wake.devices);
  for (const event of events) {
    const { deviceId } = event.data;
    if (deviceId === null) continue;
    const device = evolveDevice(devices[deviceId] ?? unknown, event);
    if (device !== null) devices[deviceId] = device;
  }
  return { version: wake.version + events.length, devices };
}

/** How many more devices the wake has a place for; those it knows have theirs. */
export const placesLeft = ({ devices }: Wake): number =>
  Math.max(0, MOST_DEVICES - Object.keys(devices).length);

/** Whether a push that was not taken may be tried again: not once the device has the call, nor without end. */
export const mayRetry = (wake: Wake, { reached }: DeviceWake): boolean =>
  !reached && wake.version < LAST_RETRY;

/**
 * Whether an attempt to push the device is still of use: not once it has the call. But an app in the background is pushed
 * once although its socket has acknowledged: the system may suspend it at any moment.
 * @param again the other APNs environment has just refused it
 */
export function needsPush({ reached, acknowledged, push }: DeviceWake, again = false): boolean {
  if (push?.result !== 'pending') return false;
  return !reached || (acknowledged && push.because === 'background' && push.attempts === 0 && !again);
}

function evolveDevice(device: DeviceWake, event: WakeEvent): DeviceWake | null {
  const push = device.push;
  switch (event.type) {
    case 'WakeRequested': {
      const { platform } = event.data;
      if (event.data.channel === 'socket') return { ...device, platform, socket: true };
      const { because, pushId, provider } = event.data;
      return { ...device, platform, push: { because, pushId, provider, attempts: 0, result: 'pending' } };
    }
    case 'PushAccepted':
      return push
        ? { ...device, push: { ...push, attempts: push.attempts + 1, result: 'accepted' } }
        : device;
    case 'PushRejected':
      return push
        ? { ...device, push: { ...push, attempts: push.attempts + 1, result: 'rejected' } }
        : device;
    case 'PushRetried': {
      const result = event.data.afterMs === null ? 'given-up' : 'pending';
      const refusedIn = event.data.refusedIn ?? push?.refusedIn;
      return push ? { ...device, push: { ...push, attempts: push.attempts + 1, result, refusedIn } } : device;
    }
    case 'DeviceReached':
      return { ...device, reached: true, acknowledged: device.acknowledged || event.data.via === 'socket' };
    case 'DeviceApnsEnvironmentCorrected':
    case 'DevicePushTokenRetired':
    case 'DeviceUnreachable':
      return device;
    default:
      return null;
  }
}
