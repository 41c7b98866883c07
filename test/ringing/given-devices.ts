import type { PushAddress, Reach } from '../../src/devices/reach.js';
import { type Wake, type WakeEvent, evolveWake, noWake } from '../../src/ringing/domain/wake.js';

export const BUNDLE = 'app.example';
export const REGISTERED = Date.parse('2026-11-22T11:00:00.000Z');

export const apns: PushAddress & { provider: 'apns' } = {
  ...{ provider: 'apns', token: 'a1b2', bundleId: BUNDLE, environment: 'production' },
  tokenUpdatedAt: REGISTERED,
  tokenAccepted: true,
};
export const fcm: PushAddress & { provider: 'fcm' } = {
  ...{ provider: 'fcm', token: 'f:1', projectId: 'project', tokenUpdatedAt: REGISTERED },
  tokenAccepted: true,
};

export const iPhone = (live: Reach['live'] = null): Reach => ({
  ...{ deviceId: 'iphone', platform: 'ios', push: apns, live },
});
export const pixel = (live: Reach['live'] = null): Reach => ({
  ...{ deviceId: 'pixel', platform: 'android', push: fcm, live },
});
export const browser = (live: Reach['live'] = 'foreground'): Reach => ({
  ...{ deviceId: 'browser', platform: 'web', push: null, live },
});

/** What is known after these events. */
export const wakeAfter = (...events: WakeEvent[]): Wake => events.reduce(evolveWake, noWake);

export const askedBySocket = (deviceId: string): WakeEvent => ({
  type: 'WakeRequested',
  data: { deviceId, platform: 'ios', channel: 'socket' },
});
export const askedByPush = (deviceId: string): WakeEvent => ({
  type: 'WakeRequested',
  data: {
    ...{ deviceId, platform: 'ios', channel: 'push', because: 'offline' },
    ...{ provider: 'apns', environment: 'production', app: BUNDLE, pushId: 'push-1' },
  },
});
export const reached = (deviceId: string): WakeEvent => ({
  type: 'DeviceReached',
  data: { deviceId, via: 'socket' },
});
