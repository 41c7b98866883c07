import { answerOnDemand } from '../../src/fcm/answers.js';
import { check, type Change, type FcmBody, refusal, token } from './fcm-requests.js';

describe('the JSON of a message', () => {
  it.each<[string, Change]>([
    ['Unknown name "to" at \'message\': Cannot find field.', { message: { to: token } }],
    ['Unknown name "dry_run": Cannot find field.', { request: { dry_run: true } }],
    [
      'Unknown name "sound" at \'message.android\': Cannot find field.',
      { message: { android: { sound: 'x' } } },
    ],
    ["Invalid value at 'message.data[1].value' (TYPE_STRING), 12", { message: { data: { a: 'x', b: 12 } } }],
    ["Invalid value at 'message.data[0].value' (TYPE_STRING), true", { message: { data: { a: true } } }],
    [
      "Invalid value at 'message.data[0].value' (TYPE_STRING), Starting an object",
      { message: { data: { a: {} } } },
    ],
    [
      "Invalid value at 'message.android.ttl' (type.googleapis.com/google.protobuf.Duration), 30",
      { message: { android: { ttl: 30 } } },
    ],
    ["Invalid value at 'message.android.ttl'", { message: { android: { ttl: '30000' } } }],
    ["Invalid value at 'message.android.ttl'", { message: { android: { ttl: '30000ms' } } }],
    ["Invalid value at 'message.android.priority'", { message: { android: { priority: 'urgent' } } }],
    ["Invalid value at 'message.token' (TYPE_STRING), 7", { message: { token: 7 } }],
    ["oneof field 'target' is already set", { message: { topic: 'news' } }],
  ])('is refused with: %s', (text, change) => {
    const { http, message, fcm } = refusal(change);
    expect(message).toContain(text);
    expect({ http, fcm }).toEqual({ http: 400, fcm: undefined });
  });

  it.each<[string, Record<string, unknown>]>([
    ['TYPE_BOOL', { sticky: 'yes' }],
    ['TYPE_BOOL', { sticky: 1 }],
    ['TYPE_INT32', { notification_count: 1.5 }],
    ['TYPE_INT32', { notification_count: 'many' }],
    ['TYPE_INT32', { notification_count: '' }],
    ['TYPE_FLOAT', { light_settings: { color: { red: 'bright' } } }],
    ['TYPE_FLOAT', { light_settings: { color: { red: true } } }],
    ['google.protobuf.Timestamp', { event_time: 5 }],
    ['google.protobuf.Timestamp', { event_time: 'soon' }],
    ['Visibility', { visibility: 'FOGGY' }],
    ['TYPE_LIST', { title_loc_args: 'a' }],
    ['TYPE_MESSAGE', { light_settings: 'red' }],
  ])('has the right type in every field, not %s from %o', (type, notification) =>
    expect(refusal({ message: { android: { notification } } }).message).toContain(type),
  );

  it('may have numbers and booleans as text', () =>
    expect(
      check({
        message: {
          android: { direct_boot_ok: 'true', notification: { sticky: 'false', notification_count: '3' } },
        },
      }),
    ).not.toHaveProperty('reason'));

  it('may be written in camelCase, priorities in small letters, and with nulls', () =>
    expect(
      check({
        message: {
          android: { collapseKey: 'c', directBootOk: false, priority: 'high', ttl: '1.5s' },
          notification: null,
        },
      }),
    ).toMatchObject({ collapseKey: 'c', priority: 'high', ttl: 1.5 }));

  it('is taken with everything else it may contain', () =>
    expect(
      check({
        message: {
          name: '',
          notification: { title: 't', body: 'b', image: 'https://x' },
          fcm_options: { analytics_label: 'l' },
          apns: { headers: { 'apns-priority': '10' }, payload: { aps: { deep: [1, { x: null }] } } },
          webpush: { headers: {}, data: {}, notification: {} },
          android: {
            ttl: '5s',
            restricted_package_name: 'p',
            bandwidth_constrained_ok: true,
            notification: {
              title_loc_args: ['a'],
              visibility: 'PUBLIC',
              notification_count: 3,
              event_time: '2026-11-22T00:00:00Z',
              vibrate_timings: ['1s'],
              light_settings: { color: { red: 1 }, light_on_duration: '1s', light_off_duration: '0.5s' },
            },
          },
        },
      }),
    ).not.toHaveProperty('reason'));
});

describe('an answer on demand', () => {
  it.each([
    [500, undefined, 'INTERNAL'],
    [503, undefined, 'UNAVAILABLE'],
    [404, 'UNREGISTERED', 'UNREGISTERED'],
    [401, 'THIRD_PARTY_AUTH_ERROR', 'THIRD_PARTY_AUTH_ERROR'],
  ])('of %i, reason %s, carries the FcmError %s', (status, reason, code) => {
    const answer = answerOnDemand(status, reason);
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.body ?? '') as FcmBody).error.details).toContainEqual({
      '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError',
      errorCode: code,
    });
  });
  it.each([400, 401, 403, 404, 429])('of a bare %i carries no details', (status) =>
    expect(
      (JSON.parse(answerOnDemand(status, undefined).body ?? '') as FcmBody).error.details,
    ).toBeUndefined(),
  );
  it('of 502 is HTML', () => expect(answerOnDemand(502, undefined).body).toContain('<!DOCTYPE html>'));
});
