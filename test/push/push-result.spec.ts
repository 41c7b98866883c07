import fc from 'fast-check';
import type { IncomingHttpHeaders } from 'node:http2';
import {
  apnsResult,
  fcmResult,
  retryAfterMs,
  unanswered,
  type PushResult,
} from '../../src/push/push-result.js';

const now = Date.parse('2026-11-22T12:00:00Z');

describe('what APNs says', () => {
  const apns = (status: number, body: unknown = '', headers: IncomingHttpHeaders = {}): PushResult =>
    apnsResult({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }, now);

  it('with 200 means accepted', () =>
    expect(apns(200, '', { 'apns-id': '1b2c' })).toEqual({ outcome: 'accepted', status: 200 }));

  it('with 400 BadDeviceToken means malformed, or the other environment', () =>
    expect(apns(400, { reason: 'BadDeviceToken' })).toEqual({
      outcome: 'bad-token',
      status: 400,
      reason: 'BadDeviceToken',
    }));

  it.each(['Unregistered', 'ExpiredToken'])(
    'with 410 %s means gone since the date that comes with it',
    (reason) =>
      expect(apns(410, { reason, timestamp: 1_700_000_000_123 })).toEqual({
        outcome: 'gone',
        status: 410,
        reason,
        since: 1_700_000_000_123,
      }),
  );

  it.each([undefined, null, '1700000000123', 'yesterday', {}])(
    'with 410 and %j for a date proves nothing, so the token stays',
    (timestamp) =>
      expect(apns(410, { reason: 'Unregistered', timestamp })).toEqual({
        outcome: 'rejected',
        status: 410,
        reason: 'Unregistered',
        configuration: false,
      }),
  );

  it('with a 410 whose date is no finite number proves nothing either', () =>
    expect(apns(410, '{"reason":"Unregistered","timestamp":1e999}').outcome).toBe('rejected'));

  it.each([
    'ExpiredProviderToken',
    'InvalidProviderToken',
    'MissingProviderToken',
    'UnrelatedKeyIdInToken',
    'BadEnvironmentKeyInToken',
    'BadEnvironmentKeyIdInToken',
    'BadCertificate',
    'BadCertificateEnvironment',
    'Forbidden',
  ])('with 403 %s is the fault of our configuration, never of the token', (reason) =>
    expect(apns(403, { reason })).toEqual({ outcome: 'rejected', status: 403, reason, configuration: true }),
  );

  it.each(['BadTopic', 'MissingTopic', 'TopicDisallowed'])(
    'with 400 %s is the fault of our configuration',
    (reason) =>
      expect(apns(400, { reason })).toEqual({
        outcome: 'rejected',
        status: 400,
        reason,
        configuration: true,
      }),
  );

  it.each([
    [400, 'DeviceTokenNotForTopic'],
    [400, 'BadExpirationDate'],
    [400, 'PayloadEmpty'],
    [404, 'BadPath'],
    [405, 'MethodNotAllowed'],
    [413, 'PayloadTooLarge'],
  ])('with %i %s is a refusal that no operator can mend', (status, reason) =>
    expect(apns(status, { reason })).toEqual({ outcome: 'rejected', status, reason, configuration: false }),
  );

  it.each([
    [429, 'TooManyRequests'],
    [429, 'TooManyProviderTokenUpdates'],
    [500, 'InternalServerError'],
    [503, 'ServiceUnavailable'],
    [503, 'Shutdown'],
  ])('with %i %s is worth another try', (status, reason) =>
    expect(apns(status, { reason })).toEqual({ outcome: 'retry', status, reason, retryAfterMs: null }),
  );

  it('may ask for patience', () =>
    expect(apns(503, { reason: 'Shutdown' }, { 'retry-after': '3' })).toMatchObject({ retryAfterMs: 3000 }));

  it('is not what a stranger says: without a reason the origin is wrong', () =>
    expect(apns(404, '<html>404</html>')).toEqual({
      outcome: 'rejected',
      status: 404,
      reason: 'HTTP 404',
      configuration: true,
    }));
});

describe('what FCM says', () => {
  const fcm = (status: number, body: unknown = '', headers: IncomingHttpHeaders = {}): PushResult =>
    fcmResult({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }, now);
  const error = (status: number, name: string, errorCode?: string): PushResult =>
    fcm(status, {
      error: {
        code: status,
        message: 'prose',
        status: name,
        details: [
          { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [] },
          ...(errorCode === undefined
            ? []
            : [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }]),
        ],
      },
    });

  it('with 200 means accepted', () =>
    expect(fcm(200, { name: 'projects/p/messages/7' })).toEqual({
      outcome: 'accepted',
      status: 200,
    }));

  it('with 200 means accepted, even when the rest of the answer is lost', () =>
    expect(fcm(200, '{"name":"pro')).toEqual({ outcome: 'accepted', status: 200 }));

  it('with 404 UNREGISTERED means gone', () =>
    expect(error(404, 'NOT_FOUND', 'UNREGISTERED')).toEqual({
      outcome: 'gone',
      status: 404,
      reason: 'UNREGISTERED',
      since: null,
    }));

  it('with 403 SENDER_ID_MISMATCH means a token of somebody else, or that we are in the wrong project', () =>
    expect(error(403, 'PERMISSION_DENIED', 'SENDER_ID_MISMATCH')).toEqual({
      outcome: 'bad-token',
      status: 403,
      reason: 'SENDER_ID_MISMATCH',
    }));

  it.each([
    [404, 'NOT_FOUND'],
    [403, 'PERMISSION_DENIED'],
    [401, 'UNAUTHENTICATED'],
  ])('with a bare %i %s is the fault of our configuration, and the token stays', (status, name) =>
    expect(error(status, name)).toEqual({ outcome: 'rejected', status, reason: name, configuration: true }),
  );

  it('with 401 THIRD_PARTY_AUTH_ERROR is the fault of our configuration', () =>
    expect(error(401, 'UNAUTHENTICATED', 'THIRD_PARTY_AUTH_ERROR')).toMatchObject({
      reason: 'THIRD_PARTY_AUTH_ERROR',
      configuration: true,
    }));

  it.each([['INVALID_ARGUMENT'], [undefined]])(
    'with 400 and errorCode %s is our mistake, and the token stays',
    (code) =>
      expect(error(400, 'INVALID_ARGUMENT', code)).toEqual({
        outcome: 'rejected',
        status: 400,
        reason: 'INVALID_ARGUMENT',
        configuration: false,
      }),
  );

  it('is not believed about a token when the status does not fit', () =>
    expect(error(400, 'INVALID_ARGUMENT', 'UNREGISTERED').outcome).toBe('rejected'));

  it.each([
    [429, 'RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED'],
    [500, 'INTERNAL', 'INTERNAL'],
    [503, 'UNAVAILABLE', 'UNAVAILABLE'],
  ])('with %i is worth another try', (status, name, code) =>
    expect(error(status, name, code)).toEqual({ outcome: 'retry', status, reason: code, retryAfterMs: null }),
  );

  it('with 502 and HTML is worth another try', () =>
    expect(fcm(502, '<!DOCTYPE html><title>Error 502</title>', { 'retry-after': '30' })).toEqual({
      outcome: 'retry',
      status: 502,
      reason: 'HTTP 502',
      retryAfterMs: 30_000,
    }));

  it('with 401 and HTML is the fault of our configuration', () =>
    expect(fcm(401, '<html></html>')).toMatchObject({
      outcome: 'rejected',
      reason: 'HTTP 401',
      configuration: true,
    }));
});

describe('an answer of any kind', () => {
  const anything = fc.record({
    status: fc.integer({ min: 100, max: 599 }),
    headers: fc.record({ 'retry-after': fc.string(), 'apns-id': fc.string() }, { requiredKeys: [] }),
    body: fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('{"reason":{}}', '{"error":{"details":[null,1]}}', '[]'),
    ),
  });

  it('becomes a result', () =>
    fc.assert(
      fc.property(anything, (reply) => {
        for (const result of [apnsResult(reply, now), fcmResult(reply, now)]) {
          expect(result.outcome === 'accepted').toBe(reply.status === 200);
        }
      }),
    ));

  it('brings no device token into a reason', () => {
    const token = 'ab'.repeat(32);
    const echo = JSON.stringify({
      reason: token,
      error: { status: token, details: [{ '@type': '.FcmError', errorCode: token }] },
    });
    for (const status of [400, 403, 404, 410, 500]) {
      const reply = { status, headers: {}, body: echo };
      expect(apnsResult(reply, now)).toMatchObject({ reason: `HTTP ${status}` });
      expect(fcmResult(reply, now)).toMatchObject({ reason: `HTTP ${status}` });
    }
  });
});

describe('Retry-After', () => {
  it.each<[string | string[] | undefined, number | null]>([
    ['3', 3000],
    [' 120 ', 120_000],
    ['0', 0],
    [['5', '9'], 5000],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['Sun, 22 Nov 2099 12:00:00 GMT', 86_400_000],
    ['99999999999999999999', 86_400_000],
    ['-1', null],
    ['1.5', null],
    ['soon 3', null],
    ['Sun, 99 Foo 2026 12:00:30 GMT', null],
    ['', null],
    [undefined, null],
  ])('%j asks for %j ms', (header, ms) => expect(retryAfterMs(header, now)).toBe(ms));
});

describe('no answer', () => {
  it('is worth another try', () =>
    expect(unanswered('Timeout')).toEqual({
      outcome: 'retry',
      status: null,
      reason: 'Timeout',
      retryAfterMs: null,
    }));

  it('to a request that cannot be written is final', () =>
    expect(unanswered('InvalidRequest')).toMatchObject({ outcome: 'rejected', configuration: false }));
});
