import type { ApnsEnvironment } from '../../../src/devices/reach.js';
import fc from 'fast-check';
import { type PushAnswer, apnsResult, fcmResult, unanswered } from '../../../src/push/push-result.js';
import {
  type Attempt,
  type Circumstances,
  type Standing,
  appOf,
  pauseBefore,
  verdictOf,
} from '../../../src/ringing/domain/push-policy.js';
import { BUNDLE, REGISTERED, apns, fcm } from '../given-devices.js';

const NOW = Date.parse('2026-11-22T12:00:10.000Z');
const RING_EXPIRES = NOW + 35_000;

const circumstances = (change: Partial<Circumstances> = {}): Circumstances => ({
  push: { because: 'offline', pushId: 'push-1', provider: 'apns', attempts: 0, result: 'pending' },
  breaker: { isOpen: () => false },
  ...{ now: NOW, ringExpiresAt: RING_EXPIRES, random: 0.5 },
  ...change,
});

const reply = (status: number, body: object = {}, headers = {}) => ({
  status,
  headers,
  body: JSON.stringify(body),
});
const apnsSays = (status: number, reason?: string, more: object = {}): PushAnswer =>
  apnsResult(reply(status, { reason, ...more }), NOW);
const fcmSays = (status: number, name: string, errorCode?: string): PushAnswer => {
  const details = errorCode
    ? [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }]
    : [];
  return fcmResult(reply(status, { error: { status: name, details } }), NOW);
};
const badToken = apnsSays(400, 'BadDeviceToken');

const triedApns = (...results: [ApnsEnvironment, PushAnswer][]): Attempt => ({
  ...{ address: apns, provider: 'apns' },
  results: results.map(([environment, result]) => ({ environment, result })),
});
const triedFcm = (result: PushAnswer): Attempt => ({
  ...{ address: fcm, provider: 'fcm', results: [{ environment: null, result }] },
});

function judged(attempt: Attempt, change: Partial<Circumstances> = {}, standing: Partial<Standing> = {}) {
  const verdict = verdictOf(attempt, circumstances(change));
  const recorded = verdict.events('phone', {
    reached: false,
    retryInMs: verdict.retryAfterMs,
    ...standing,
  });
  return { ...verdict, recorded, types: recorded.map(({ type }) => type) };
}

/** Contract, section 6: one test per row. */
describe('the gateway, when the provider says', () => {
  it.each([
    ['APNs 200', triedApns(['production', apnsSays(200)]), { provider: 'apns', environment: 'production' }],
    ['FCM 200', triedFcm(fcmResult(reply(200, { name: 'm' }), NOW)), { provider: 'fcm', environment: null }],
  ] as const)('%s: records that it was accepted, and is done', (_, attempt, where) =>
    expect(judged(attempt)).toMatchObject({
      ...{ outcome: 'accepted', retryAfterMs: null, correctedTo: null, retire: false, badToken: false },
      recorded: [{ type: 'PushAccepted', data: { deviceId: 'phone', status: 200, ...where } }],
    }),
  );

  it('APNs 400 BadDeviceToken, and 200 in the other environment: remembers that one', () =>
    expect(judged(triedApns(['production', badToken], ['sandbox', apnsSays(200)]))).toMatchObject({
      ...{ outcome: 'accepted', correctedTo: 'sandbox', retire: false, badToken: false },
      recorded: [
        {
          type: 'PushAccepted',
          data: {
            ...{ deviceId: 'phone', environment: 'sandbox', status: 200 },
            refusedBefore: { environment: 'production', status: 400, reason: 'BadDeviceToken' },
          },
        },
        {
          type: 'DeviceApnsEnvironmentCorrected',
          data: { deviceId: 'phone', from: 'production', to: 'sandbox' },
        },
      ],
    }));

  it('APNs 400 BadDeviceToken in both environments: retires the token', () =>
    expect(judged(triedApns(['production', badToken], ['sandbox', badToken]))).toMatchObject({
      ...{ outcome: 'refused', retire: true, badToken: true, retryAfterMs: null },
      types: ['PushRejected', 'DevicePushTokenRetired'],
    }));

  it('APNs 400 BadDeviceToken, and there is no key for the other environment: keeps the token, nothing is proven', () =>
    expect(judged(triedApns(['production', badToken]))).toMatchObject({
      ...{ outcome: 'refused', retire: false, pause: true, badToken: false, types: ['PushRejected'] },
    }));

  it('APNs 400 BadDeviceToken, and the other environment was not needed any more: has learned nothing', () =>
    expect(judged({ ...triedApns(['production', badToken]), unfinished: true })).toMatchObject({
      ...{ outcome: 'refused', retire: false, pause: false, badToken: false, types: ['PushRejected'] },
    }));

  it('APNs 400 BadDeviceToken, and the other environment does not answer: tries again', () =>
    expect(judged(triedApns(['production', badToken], ['sandbox', unanswered('Timeout')]))).toMatchObject({
      ...{ outcome: 'waiting', retire: false, types: ['PushRetried'] },
    }));

  it('APNs 400 BadDeviceToken in both while the breaker is open: keeps a token that was good once, and rests it', () =>
    expect(
      judged(triedApns(['production', badToken], ['sandbox', badToken]), {
        breaker: { isOpen: (app) => app === BUNDLE },
      }),
    ).toMatchObject({
      ...{ outcome: 'refused', retire: false, pause: true, badToken: true, types: ['PushRejected'] },
    }));

  it('APNs 400 BadDeviceToken in both about a token that was never accepted: retires it whatever the breaker says', () =>
    expect(
      judged(
        {
          ...triedApns(['production', badToken], ['sandbox', badToken]),
          address: { ...apns, tokenAccepted: false },
        },
        { breaker: { isOpen: () => true } },
      ),
    ).toMatchObject({ retire: true, pause: false, types: ['PushRejected', 'DevicePushTokenRetired'] }));

  it.each([
    ['later than', REGISTERED + 1, true],
    ['at the moment of', REGISTERED, true],
    ['earlier than', REGISTERED - 1, false],
  ])('APNs 410 from %s the last registration: believes only what is not older', (_, timestamp, retire) =>
    expect(judged(triedApns(['production', apnsSays(410, 'Unregistered', { timestamp })]))).toMatchObject({
      ...{ outcome: 'refused', retire },
      types: retire ? ['PushRejected', 'DevicePushTokenRetired'] : ['PushRejected'],
    }),
  );

  it('APNs 410 without a time: proves nothing, the token stays', () =>
    expect(judged(triedApns(['production', apnsSays(410, 'Unregistered')]))).toMatchObject({
      ...{ outcome: 'refused', retire: false, types: ['PushRejected'] },
    }));

  it.each(['InvalidProviderToken', 'BadCertificateEnvironment', 'ExpiredProviderToken', 'Forbidden'])(
    'APNs 403 %s: it is our configuration, never the token',
    (reason) =>
      expect(judged(triedApns(['production', apnsSays(403, reason)]))).toMatchObject({
        ...{ outcome: 'refused', retire: false, badToken: false, configurationFault: reason },
        recorded: [{ type: 'PushRejected', data: { status: 403, reason, configuration: true } }],
      }),
  );

  it.each<[string, Attempt]>([
    ['APNs 429', triedApns(['production', apnsSays(429, 'TooManyRequests')])],
    ['APNs 500', triedApns(['production', apnsSays(500, 'InternalServerError')])],
    ['APNs 503', triedApns(['production', apnsSays(503, 'ServiceUnavailable')])],
    ['FCM 429', triedFcm(fcmSays(429, 'RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED'))],
    ['FCM 500', triedFcm(fcmSays(500, 'INTERNAL', 'INTERNAL'))],
    ['FCM 503', triedFcm(fcmSays(503, 'UNAVAILABLE', 'UNAVAILABLE'))],
    ...['Timeout', 'GoAway', 'ConnectionClosed'].map((failure): [string, Attempt] => [
      `nothing (${failure})`,
      triedApns(['production', unanswered(failure)]),
    ]),
  ])('%s: tries again inside the ring', (_, attempt) =>
    expect(judged(attempt)).toMatchObject({
      ...{ outcome: 'waiting', retryAfterMs: 100, retire: false, configurationFault: null },
      recorded: [{ type: 'PushRetried', data: { deviceId: 'phone', attempt: 1, afterMs: 100 } }],
    }),
  );

  it.each([
    [404, 'NOT_FOUND', 'UNREGISTERED'],
    [403, 'PERMISSION_DENIED', 'SENDER_ID_MISMATCH'],
  ])('FCM %i %s %s: retires the token', (status, name, code) =>
    expect(judged(triedFcm(fcmSays(status, name, code)))).toMatchObject({
      ...{ outcome: 'refused', retire: true, types: ['PushRejected', 'DevicePushTokenRetired'] },
      recorded: [{ data: { status, reason: code } }, { data: { provider: 'fcm', reason: code } }],
    }),
  );

  it('FCM 403 SENDER_ID_MISMATCH while the breaker is open: keeps a token that was good once', () =>
    expect(
      judged(triedFcm(fcmSays(403, 'PERMISSION_DENIED', 'SENDER_ID_MISMATCH')), {
        breaker: { isOpen: (app) => app === 'project' },
      }),
    ).toMatchObject({ outcome: 'refused', retire: false, badToken: true, types: ['PushRejected'] }));

  it('FCM 404 UNREGISTERED: is about this one install, whatever the breaker says', () =>
    expect(
      judged(triedFcm(fcmSays(404, 'NOT_FOUND', 'UNREGISTERED')), { breaker: { isOpen: () => true } }),
    ).toMatchObject({ retire: true, badToken: false }));

  it.each<[string, Attempt, number, string]>([
    ['APNs 400', triedApns(['production', apnsSays(400, 'BadMessageId')]), 400, 'BadMessageId'],
    [
      'APNs 400 about the topic',
      triedApns(['production', apnsSays(400, 'DeviceTokenNotForTopic')]),
      400,
      'DeviceTokenNotForTopic',
    ],
    ['APNs 413', triedApns(['production', apnsSays(413, 'PayloadTooLarge')]), 413, 'PayloadTooLarge'],
    ['FCM 400', triedFcm(fcmSays(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT')), 400, 'INVALID_ARGUMENT'],
    ['FCM 404 about the project', triedFcm(fcmSays(404, 'NOT_FOUND')), 404, 'NOT_FOUND'],
  ])('anything else (%s): records status and reason, and keeps the token', (_, attempt, status, reason) =>
    expect(judged(attempt)).toMatchObject({
      ...{ outcome: 'refused', retire: false, retryAfterMs: null },
      recorded: [{ type: 'PushRejected', data: { deviceId: 'phone', status, reason } }],
    }),
  );

  it('nothing, as the token has gone meanwhile: there is nobody to push', () =>
    expect(judged({ address: null, provider: 'apns', results: [] })).toMatchObject({
      ...{ outcome: 'refused', retire: false },
      recorded: [
        { type: 'PushRejected', data: { reason: 'NoPushToken', status: null, configuration: false } },
      ],
    }));
});

describe('an attempt in both APNs environments', () => {
  it.each<[string, PushAnswer]>([
    ['PushAccepted', apnsSays(200)],
    ['PushRejected', badToken],
    ['PushRejected', apnsSays(403, 'InvalidProviderToken')],
    ['PushRetried', unanswered('Timeout')],
  ])('says in its %s how the first one had refused it', (type, second) =>
    expect(judged(triedApns(['sandbox', badToken], ['production', second])).recorded[0]).toMatchObject({
      type,
      data: {
        environment: 'production',
        refusedBefore: { environment: 'sandbox', status: 400, reason: 'BadDeviceToken' },
      },
    }),
  );

  it.each<[string, PushAnswer]>([
    ['accepted', apnsSays(200)],
    ['refused', badToken],
    ['not answered', unanswered('Timeout')],
  ])('is not claimed by one that was %s in one', (_, only) =>
    expect(judged(triedApns(['production', only])).recorded[0]?.data).not.toHaveProperty('refusedBefore'),
  );
});

describe('an attempt whose device has got the call meanwhile', () => {
  it('is not made again, and says that nothing was lost', () =>
    expect(
      judged(triedApns(['production', unanswered('Timeout')]), {}, { reached: true, retryInMs: null })
        .recorded,
    ).toMatchObject([{ type: 'PushRetried', data: { reason: 'Timeout', afterMs: null, reached: true } }]));

  it('says so when it was refused', () =>
    expect(
      judged(triedFcm(fcmSays(404, 'NOT_FOUND', 'UNREGISTERED')), {}, { reached: true }).recorded[0],
    ).toMatchObject({ type: 'PushRejected', data: { reached: true } }));

  it('says nothing of it otherwise', () =>
    expect(judged(triedApns(['production', unanswered('Timeout')])).recorded[0]?.data).not.toHaveProperty(
      'reached',
    ));
});

describe('another try', () => {
  const busy = apnsResult(reply(503, { reason: 'ServiceUnavailable' }, { 'retry-after': '2' }), NOW);

  it('waits as long as the provider asks', () =>
    expect(judged(triedApns(['production', busy]))).toMatchObject({ retryAfterMs: 2_000 }));

  it('is not made when the ring would be over by then', () => {
    const given = { ringExpiresAt: NOW + 2_000 };
    expect(judged(triedApns(['production', busy]), given)).toMatchObject({
      ...{ outcome: 'waiting', retryAfterMs: null },
      recorded: [{ type: 'PushRetried', data: { afterMs: null } }],
    });
    expect(judged(triedApns(['production', busy]), { ringExpiresAt: NOW + 2_001 }).retryAfterMs).toBe(2_000);
  });

  it('waits longer each time, and knows which one it is', () => {
    const push = {
      because: 'offline',
      pushId: 'push-1',
      provider: 'apns',
      attempts: 3,
      result: 'pending',
    } as const;
    expect(judged(triedApns(['production', unanswered('Timeout')]), { push })).toMatchObject({
      ...{ retryAfterMs: 800, recorded: [{ data: { attempt: 4, afterMs: 800 } }] },
    });
  });

  it('waits 100 ms at first and twice as long each time, up to 3 s, give or take a half', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => pauseBefore(attempt, null, 0.5))).toEqual([
      ...[100, 200, 400, 800, 1_600, 3_000, 3_000],
    ]);
    expect([pauseBefore(1, null, 0), pauseBefore(1, null, 0.999)]).toEqual([50, 150]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.option(fc.nat(60_000)),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, asked, random) => {
          const pause = pauseBefore(attempt, asked, random);
          expect(pause).toBeGreaterThanOrEqual(Math.max(50, asked ?? 0));
          expect(pause).toBeLessThanOrEqual(Math.max(4_500, asked ?? 0));
        },
      ),
    );
  });
});

describe('a verdict', () => {
  it('belongs to the bundle or the project', () => {
    expect(appOf(apns)).toBe(BUNDLE);
    expect(appOf(fcm)).toBe('project');
    expect(appOf({ ...fcm, projectId: null })).toBe('fcm');
  });

  it('never records a token', () => {
    const attempts = [
      triedApns(['production', badToken], ['sandbox', badToken]),
      triedApns(['production', apnsSays(410, 'Unregistered', { timestamp: NOW })]),
      triedFcm(fcmSays(404, 'NOT_FOUND', 'UNREGISTERED')),
    ];
    for (const attempt of attempts) {
      expect(JSON.stringify(judged(attempt).recorded)).not.toMatch(new RegExp(`${apns.token}|${fcm.token}`));
    }
  });
});
