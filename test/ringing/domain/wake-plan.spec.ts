import type { Reach } from '../../../src/devices/reach.js';
import { planWake } from '../../../src/ringing/domain/wake-plan.js';
import { noWake } from '../../../src/ringing/domain/wake.js';
import {
  apns,
  askedByPush,
  askedBySocket,
  browser,
  iPhone,
  pixel,
  reached,
  wakeAfter,
} from '../given-devices.js';

const plan = (reaches: Reach[], wake = noWake): object[] =>
  planWake(reaches, wake).map(({ reach, ...how }) => ({ deviceId: reach.deviceId, ...how }));

/** Contract, section 6: what decides whether a device is pushed. */
describe('a device of the callee', () => {
  it.each([
    ['iPhone', iPhone],
    ['Android phone', pixel],
  ] as const)('that is an %s is pushed at once without a live socket, and in the background', (_, phone) => {
    const { deviceId } = phone();
    expect(plan([phone(null)])).toEqual([{ deviceId, how: 'push', because: 'offline' }]);
    expect(plan([phone('background')])).toEqual([{ deviceId, how: 'push', because: 'background' }]);
  });

  it.each([
    ['iPhone', iPhone],
    ['Android phone', pixel],
  ] as const)(
    'that is an %s in the foreground hears it over the socket, and is pushed if it keeps silent',
    (_, phone) =>
      expect(plan([phone('foreground')])).toEqual([
        { deviceId: phone().deviceId, how: 'socket', hedge: true },
      ]),
  );

  it('that no push can reach hears it over the socket, and that is all', () => {
    const socket = { deviceId: 'browser', how: 'socket', hedge: false };
    expect(plan([browser('foreground')])).toEqual([socket]);
    expect(plan([browser('background')])).toEqual([socket]);
    expect(plan([{ ...browser(), platform: null }])).toEqual([socket]);
    expect(plan([{ ...iPhone('background'), push: null }])).toEqual([{ ...socket, deviceId: 'iphone' }]);
  });

  it('that nothing can reach is left out', () => {
    expect(plan([browser(null), { ...iPhone(null), push: null }])).toEqual([]);
    expect(plan([])).toEqual([]);
  });

  it('is one of many: all of them ring', () =>
    expect(plan([iPhone(), pixel('background'), browser()])).toEqual([
      { deviceId: 'iphone', how: 'push', because: 'offline' },
      { deviceId: 'pixel', how: 'push', because: 'background' },
      { deviceId: 'browser', how: 'socket', hedge: false },
    ]));
});

describe('a plan that is made again after a crash', () => {
  it('asks nobody twice', () => {
    const everybody = [iPhone('background'), pixel('foreground'), browser()];
    const wake = wakeAfter(askedByPush('iphone'), askedBySocket('pixel'), askedBySocket('browser'));
    expect(plan(everybody, wake)).toEqual([]);
    expect(plan([iPhone(null), pixel('foreground')], wake)).toEqual([]);
  });

  it('leaves a device alone that was pushed and is here now', () =>
    expect(plan([iPhone('foreground')], wakeAfter(askedByPush('iphone')))).toEqual([]));

  it('leaves a device alone that has confirmed the call over its socket', () =>
    expect(plan([pixel('foreground')], wakeAfter(reached('pixel')))).toEqual([]));

  it('pushes a device whose socket died with the node, or that went to the background', () => {
    const wake = wakeAfter(askedBySocket('iphone'));
    expect(plan([iPhone(null)], wake)).toEqual([{ deviceId: 'iphone', how: 'push', because: 'offline' }]);
    expect(plan([iPhone('background')], wake)).toEqual([
      { deviceId: 'iphone', how: 'push', because: 'background' },
    ]);
  });

  it('asks a device that has come since', () =>
    expect(plan([iPhone(null), browser()], wakeAfter(askedByPush('iphone')))).toEqual([
      { deviceId: 'browser', how: 'socket', hedge: false },
    ]));

  it('is not confused by devices that are called like parts of every object', () => {
    for (const deviceId of ['__proto__', 'constructor', 'toString']) {
      const phone: Reach = { deviceId, platform: 'ios', push: apns, live: null };
      expect(plan([phone])).toEqual([{ deviceId, how: 'push', because: 'offline' }]);
      expect(plan([phone], wakeAfter(askedByPush(deviceId)))).toEqual([]);
    }
  });
});
