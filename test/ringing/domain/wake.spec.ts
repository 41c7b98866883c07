import {
  type WakeEvent,
  evolveAll,
  mayRetry,
  needsPush,
  noWake,
  placesLeft,
} from '../../../src/ringing/domain/wake.js';
import { askedByPush, askedBySocket, reached, wakeAfter } from '../given-devices.js';

const facts = { deviceId: 'iphone', provider: 'apns', environment: 'production', status: 200 } as const;
const accepted: WakeEvent = { type: 'PushAccepted', data: facts };
const rejected: WakeEvent = {
  type: 'PushRejected',
  data: { ...facts, status: 400, reason: 'BadTopic', configuration: true },
};
const retried = (afterMs: number | null): WakeEvent => ({
  type: 'PushRetried',
  data: { ...facts, status: 503, reason: 'ServiceUnavailable', attempt: 1, afterMs },
});
const pushOf = (...events: WakeEvent[]) => wakeAfter(askedByPush('iphone'), ...events).devices.iphone?.push;

describe('an event of a type that this node does not know', () => {
  const fromTheFuture = (data: object) => ({ type: 'PushDimmed', data }) as unknown as WakeEvent;

  it.each([
    ['nobody', {}],
    ['a device', { deviceId: 'iphone' }],
    ['a device nobody has heard of', { deviceId: 'watch' }],
  ])('changes nothing but the version when it is about %s', (_, data) => {
    const known = wakeAfter(askedByPush('iphone'), accepted);
    expect(wakeAfter(askedByPush('iphone'), accepted, fromTheFuture(data))).toEqual({ ...known, version: 3 });
  });
});

describe('what is known of waking the callee', () => {
  it('is nothing at first', () => expect(noWake).toEqual({ version: 0, devices: {} }));

  it('is which device was told over its socket', () =>
    expect(wakeAfter(askedBySocket('browser'))).toEqual({
      version: 1,
      devices: {
        browser: { platform: 'ios', reached: false, acknowledged: false, socket: true, push: null },
      },
    }));

  it('is which device was pushed, and under which id', () =>
    expect(wakeAfter(askedByPush('iphone')).devices.iphone).toEqual({
      ...{ platform: 'ios', reached: false, acknowledged: false, socket: false },
      push: { because: 'offline', pushId: 'push-1', provider: 'apns', attempts: 0, result: 'pending' },
    }));

  it('is what became of the push, and the how-manieth attempt it was', () => {
    expect(pushOf(accepted)).toMatchObject({ attempts: 1, result: 'accepted' });
    expect(pushOf(rejected)).toMatchObject({ attempts: 1, result: 'rejected' });
    expect(pushOf(retried(100))).toMatchObject({ attempts: 1, result: 'pending' });
    expect(pushOf(retried(100), retried(200), accepted)).toMatchObject({ attempts: 3, result: 'accepted' });
    expect(pushOf(retried(100), retried(null))).toMatchObject({ attempts: 2, result: 'given-up' });
  });

  it('keeps the id of a push through every attempt', () =>
    expect(pushOf(retried(100), retried(200), rejected)?.pushId).toBe('push-1'));

  it('is whether the device has shown that the call got through', () => {
    expect(wakeAfter(askedBySocket('browser'), reached('browser')).devices.browser?.reached).toBe(true);
    expect(wakeAfter(reached('browser'), askedBySocket('browser')).devices.browser).toMatchObject({
      ...{ reached: true, socket: true },
    });
  });

  it('is whether its socket has acknowledged, or it only asked over HTTP', () => {
    const preflight: WakeEvent = { type: 'DeviceReached', data: { deviceId: 'pixel', via: 'preflight' } };
    expect(wakeAfter(preflight).devices.pixel).toMatchObject({ reached: true, acknowledged: false });
    expect(wakeAfter(preflight, reached('pixel')).devices.pixel?.acknowledged).toBe(true);
    expect(wakeAfter(reached('pixel'), preflight).devices.pixel?.acknowledged).toBe(true);
  });

  it('is both ways for a device that did not confirm and was pushed as well', () =>
    expect(wakeAfter(askedBySocket('iphone'), askedByPush('iphone')).devices.iphone).toMatchObject({
      ...{ socket: true, push: { result: 'pending' } },
    }));

  it('is kept per device', () => {
    const { devices } = wakeAfter(
      askedByPush('iphone'),
      askedBySocket('browser'),
      accepted,
      reached('browser'),
    );
    expect(devices.iphone).toMatchObject({ reached: false, push: { result: 'accepted' } });
    expect(devices.browser).toMatchObject({ reached: true, push: null });
  });

  it('counts every event, also those that only tell', () => {
    const told: WakeEvent[] = [
      {
        type: 'DeviceApnsEnvironmentCorrected',
        data: { deviceId: 'iphone', from: 'production', to: 'sandbox' },
      },
      {
        type: 'DevicePushTokenRetired',
        data: { deviceId: 'iphone', provider: 'apns', reason: 'Unregistered' },
      },
      { type: 'DeviceUnreachable', data: { deviceId: null, reason: 'push-refused' } },
    ];
    const before = wakeAfter(askedByPush('iphone'), accepted);
    const after = wakeAfter(askedByPush('iphone'), accepted, ...told);
    expect(after).toEqual({ ...before, version: 5 });
  });

  it('knows no push of a device that was never pushed, whatever is said of one', () =>
    expect(wakeAfter(askedBySocket('iphone'), accepted).devices.iphone?.push).toBeNull());

  it.each(['__proto__', 'constructor'])('is complete for a device that is called %s', (deviceId) => {
    const { devices } = wakeAfter(reached(deviceId));
    expect(Object.entries(devices)).toEqual([
      [deviceId, { platform: null, reached: true, acknowledged: true, socket: false, push: null }],
    ]);
  });
});

describe('a push', () => {
  const asked = (because: 'offline' | 'background'): WakeEvent => {
    const { data } = askedByPush('iphone');
    return { type: 'WakeRequested', data: { ...data, because } as never };
  };
  const preflight: WakeEvent = { type: 'DeviceReached', data: { deviceId: 'iphone', via: 'preflight' } };
  const isNeeded = (events: WakeEvent[], again = false): boolean =>
    needsPush(wakeAfter(...events).devices.iphone!, again);

  it.each<[string, WakeEvent[], boolean]>([
    ['that was just asked for is sent', [asked('offline')], true],
    ['that failed is sent again', [asked('offline'), retried(100)], true],
    ['that was accepted is not sent again', [asked('offline'), accepted], false],
    ['is not sent to a phone that has asked about the call', [asked('offline'), preflight], false],
    [
      'is not sent again to a phone that has the call',
      [asked('offline'), retried(100), reached('iphone')],
      false,
    ],
    [
      'is sent once to an app in the background whatever its socket says',
      [asked('background'), reached('iphone')],
      true,
    ],
    [
      'is not sent again to an app in the background whose socket has acknowledged',
      [asked('background'), reached('iphone'), retried(100)],
      false,
    ],
  ])('%s', (_, events, needed) => expect(isNeeded(events)).toBe(needed));

  it('that one APNs environment refused is not tried in the other one when the phone has the call', () =>
    expect(isNeeded([asked('background'), reached('iphone')], true)).toBe(false));
});

describe('the wake of one call', () => {
  const asks = (count: number): WakeEvent[] =>
    Array.from({ length: count }, (_, nr) => askedBySocket(`device-${nr}`));

  it('has a place for two hundred devices', () => {
    expect(placesLeft(wakeAfter(...asks(199)))).toBe(1);
    expect(placesLeft(wakeAfter(...asks(201)))).toBe(0);
  });

  it('ends the retries when it has two thousand events', () => {
    const before = evolveAll(
      wakeAfter(askedByPush('iphone')),
      Array.from({ length: 1_998 }, () => retried(100)),
    );
    expect(mayRetry(before, before.devices.iphone!)).toBe(true);
    const full = evolveAll(before, [retried(100)]);
    expect(mayRetry(full, full.devices.iphone!)).toBe(false);
  });
});
