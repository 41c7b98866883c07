import { giveUp, mayStillRing } from '../../../src/ringing/domain/give-up.js';
import type { WakeEvent } from '../../../src/ringing/domain/wake.js';
import { given } from '../given-wake.js';
import { askedByPush, askedBySocket, browser, iPhone, pixel, reached, wakeAfter } from '../given-devices.js';

const rejected: WakeEvent = {
  type: 'PushRejected',
  data: {
    deviceId: 'iphone',
    provider: 'apns',
    environment: 'production',
    status: 400,
    reason: 'BadDeviceToken',
    configuration: false,
  },
};

describe('a call whose only push was refused for good', () => {
  it('is given up: nobody can be reached', () =>
    expect(given(askedByPush('iphone'), rejected).when(giveUp, { reaches: [] }).events).toEqual([
      { type: 'DeviceUnreachable', data: { deviceId: null, reason: 'push-refused' } },
    ]));

  it.each([
    ['another device has a live socket', [askedByPush('iphone'), rejected], [browser()]],
    ['another device can be pushed and was not asked yet', [askedByPush('iphone'), rejected], [pixel()]],
    ['the push to another device is under way', [askedByPush('iphone'), rejected, askedByPush('pixel')], []],
    ['the device has the call', [askedByPush('iphone'), rejected, reached('iphone')], []],
  ])('rings on when %s', (_, events, reaches) =>
    expect(given(...events).when(giveUp, { reaches }).happens).toEqual([]),
  );

  it('is given up although the device is still registered: it was asked', () =>
    expect(given(askedByPush('iphone'), rejected).when(giveUp, { reaches: [iPhone()] }).happens).toEqual([
      'DeviceUnreachable null',
    ]));
});

describe('whether a call may still ring', () => {
  it('is told without a look at who could be reached, while a push is under way or a device has the call', () => {
    expect(mayStillRing(wakeAfter(askedByPush('iphone')))).toBe(true);
    expect(mayStillRing(wakeAfter(reached('iphone')))).toBe(true);
    expect(mayStillRing(wakeAfter(askedByPush('iphone'), rejected))).toBe(false);
    expect(mayStillRing(wakeAfter(askedBySocket('browser')))).toBe(false);
  });
});
