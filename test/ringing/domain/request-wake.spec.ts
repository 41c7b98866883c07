import type { Reach } from '../../../src/devices/reach.js';
import { hedgeKey, pushKey, wakeKey } from '../../../src/ringing/domain/jobs.js';
import { requestWake } from '../../../src/ringing/domain/request-wake.js';
import { given } from '../given-wake.js';
import { apns, askedByPush, askedBySocket, browser, fcm, iPhone, pixel } from '../given-devices.js';

let pushIds = 0;
const facts = (...reaches: Reach[]) => ({
  callId: 'call',
  reaches,
  ringAckTimeoutMs: 1_500,
  newPushId: () => `push ${++pushIds}`,
});
const phones = (count: number): Reach[] =>
  Array.from({ length: count }, (_, nr) => ({ ...iPhone(), deviceId: `iphone-${nr}` }));

describe('a call that begins', () => {
  it('asks a sleeping phone by a push, which this node sends at once and knows where to', () => {
    const decision = given().when(requestWake, facts(iPhone()));
    expect(decision.happens).toEqual(['WakeRequested iphone']);
    expect(decision.events[0]).toMatchObject({
      data: {
        channel: 'push',
        because: 'offline',
        provider: 'apns',
        environment: 'production',
        app: 'app.example',
      },
    });
    expect(decision.obliges).toEqual([{ key: pushKey('call', 'iphone'), dueInMs: 0, leaseMs: 3_000 }]);
    expect(decision.jobs?.[0]?.hint).toEqual(apns);
    expect(decision.cancels).toEqual([wakeKey('call')]);
  });

  it('asks a phone in the background over both: by a push', () => {
    const { events, jobs } = given().when(requestWake, facts(pixel('background')));
    expect(events).toMatchObject([{ data: { because: 'background', provider: 'fcm', environment: null } }]);
    expect(jobs?.[0]?.hint).toEqual(fcm);
  });

  it('asks a phone in the foreground over its socket, and pushes it later unless it acknowledges', () => {
    const decision = given().when(requestWake, facts(iPhone('foreground')));
    expect(decision.events).toMatchObject([{ data: { deviceId: 'iphone', channel: 'socket' } }]);
    expect(decision.obliges).toEqual([{ key: hedgeKey('call', 'iphone'), dueInMs: 1_500, leaseMs: null }]);
  });

  it('asks a browser over its socket, and that is all', () =>
    expect(given().when(requestWake, facts(browser()))).toMatchObject({
      happens: ['WakeRequested browser'],
      obliges: [],
    }));

  it('reaches nobody when there is nobody to reach', () => {
    const decision = given().when(requestWake, facts(browser(null), { ...iPhone(), push: null }));
    expect(decision.events).toEqual([
      { type: 'DeviceUnreachable', data: { deviceId: null, reason: 'no-device' } },
    ]);
    expect([decision.obliges, decision.cancels]).toEqual([[], [wakeKey('call')]]);
  });

  it('asks nobody again when it is decided once more after a crash', () =>
    expect(
      given(askedByPush('iphone'), askedBySocket('browser')).when(requestWake, facts(iPhone(), browser())),
    ).toMatchObject({ happens: [], obliges: [], cancels: [wakeKey('call')] }));

  it('leases a push for as long as it may have to wait for its turn', () => {
    const { obliges } = given().when(requestWake, facts(...phones(21)));
    expect([obliges[0], obliges[9], obliges[10], obliges[20]].map((job) => job?.leaseMs)).toEqual([
      3_000, 3_000, 6_000, 9_000,
    ]);
  });

  it('gives each push an id of its own', () => {
    const { events } = given().when(requestWake, facts(...phones(5)));
    const ids = events.map(({ data }) => ('pushId' in data ? data.pushId : null));
    expect(new Set(ids).size).toBe(5);
  });
});
