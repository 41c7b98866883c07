import type { ApnsEnvironment, Platform } from '../devices/device.entity.js';

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
  | { type: 'PushRejected'; data: PushFacts & { reason: string; configuration: boolean } }
  | {
      type: 'PushRetried';
      data: PushFacts & {
        reason: string;
        attempt: number;
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

/** Without a prototype: an install may call itself `constructor`. */
const devicesOf = (known: Wake['devices'], changed: Wake['devices']): Wake['devices'] =>
  Object.assign(Object.create(null) as Record<string, DeviceWake>, known, changed);

export const noWake: Wake = { version: 0, devices: devicesOf({}, {}) };
const unknown: DeviceWake = {
  ...{ platform: null, reached: false, acknowledged: false, socket: false },
  push: null,
};

/** A type it does not know, recorded by a newer node in a rolling deploy, changes nothing but the version. */
export function evolveWake(wake: Wake, event: WakeEvent): Wake {
  const version = wake.version + 1;
  const { deviceId } = event.data;
  if (deviceId === null) return { ...wake, version };
  const device = evolveDevice(wake.devices[deviceId] ?? unknown, event);
  if (device === null) return { ...wake, version };
  return { version, devices: devicesOf(wake.devices, { [deviceId]: device }) };
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
