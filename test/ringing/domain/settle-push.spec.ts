import { unanswered } from '../../../src/push/push-result.js';
import { apnsResult } from '../../../src/push/push-result.js';
import { pushKey } from '../../../src/ringing/domain/jobs.js';
import { settlePush } from '../../../src/ringing/domain/settle-push.js';
import { type Attempt, verdictOf } from '../../../src/ringing/domain/push-policy.js';
import type { WakeEvent } from '../../../src/ringing/domain/wake.js';
import { given } from '../given-wake.js';
import { apns, askedByPush, reached } from '../given-devices.js';

const NOW = Date.parse('2026-11-22T12:00:10.000Z');
const push = {
  because: 'offline',
  pushId: 'push-1',
  provider: 'apns',
  attempts: 0,
  result: 'pending',
} as const;
const circumstances = {
  push,
  breaker: { isOpen: () => false },
  now: NOW,
  ringExpiresAt: NOW + 35_000,
  random: 0.5,
};

const says = (status: number, reason?: string): Attempt['results'][0] => ({
  environment: 'production',
  result: apnsResult({ status, headers: {}, body: JSON.stringify({ reason }) }, NOW),
});
const answered = (...results: Attempt['results']) => ({
  callId: 'call',
  deviceId: 'iphone',
  retired: false,
  verdict: verdictOf({ address: apns, provider: 'apns', results }, circumstances),
});
const bad = says(400, 'BadDeviceToken');
const cancels = [pushKey('call', 'iphone')];
const accepted: WakeEvent = {
  type: 'PushAccepted',
  data: { deviceId: 'iphone', provider: 'apns', environment: 'production', status: 200 },
};

describe('a push that was under way', () => {
  it('and was accepted is done', () =>
    expect(given(askedByPush('iphone')).when(settlePush, answered(says(200)))).toMatchObject({
      happens: ['PushAccepted iphone'],
      obliges: [],
      cancels,
    }));

  it('and was not taken is sent again after a pause, by whoever is there then', () =>
    expect(given(askedByPush('iphone')).when(settlePush, answered(says(503)))).toMatchObject({
      happens: ['PushRetried iphone'],
      obliges: [{ key: pushKey('call', 'iphone'), dueInMs: 100, leaseMs: null }],
      cancels,
    }));

  it('and was not answered is sent again as well', () =>
    expect(
      given(askedByPush('iphone')).when(
        settlePush,
        answered({ environment: 'production', result: unanswered('Timeout') }),
      ).obliges,
    ).toHaveLength(1));

  it('and was not taken by the time the device had the call is not sent again', () =>
    expect(
      given(askedByPush('iphone'), reached('iphone')).when(settlePush, answered(says(503))),
    ).toMatchObject({
      events: [{ type: 'PushRetried', data: { afterMs: null, reached: true } }],
      obliges: [],
    }));

  it('and was refused for good is recorded with the end of its token, where that has ended', () => {
    const refused = { ...answered(bad, { ...bad, environment: 'sandbox' }), retired: true };
    expect(given(askedByPush('iphone')).when(settlePush, refused)).toMatchObject({
      happens: ['PushRejected iphone', 'DevicePushTokenRetired iphone'],
      obliges: [],
      cancels,
    });
  });

  it('and was refused for a token that was registered again since leaves that token alone', () =>
    expect(
      given(askedByPush('iphone')).when(settlePush, answered(bad, { ...bad, environment: 'sandbox' }))
        .happens,
    ).toEqual(['PushRejected iphone']));

  it('and was settled by another node before is not recorded twice', () =>
    expect(given(askedByPush('iphone'), accepted).when(settlePush, answered(says(503)))).toMatchObject({
      happens: [],
      obliges: [],
      cancels,
    }));
});
