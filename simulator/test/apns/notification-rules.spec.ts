import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  checkNotification,
  checkRequest,
  type NotificationContext,
  payloadOf,
  warnings,
} from '../../src/apns/notification-rules.js';
import { strict } from '../../src/core/policy.js';
import type { IosDevice, Phone } from '../../src/delivery/device-registry.js';
import type { IncomingRequest } from '../../src/transport/exchange.js';

const now = Date.UTC(2026, 10, 22);
const token = 'ab'.repeat(32);
const phone = { id: 'p', platform: 'ios', appState: 'background' } as Phone;
const device: IosDevice = {
  platform: 'ios',
  token,
  phone,
  kind: 'voip',
  bundleId: 'com.example.app',
  environment: 'sandbox',
  status: 'active',
  since: now - 1000,
};
const publicKey = createPublicKey(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
);

const good = {
  ':method': 'POST',
  ':path': `/3/device/${token}`,
  authorization: 'bearer x',
  'apns-topic': 'com.example.app.voip',
  'apns-push-type': 'voip',
  'apns-priority': '10',
  'apns-expiration': '0',
  'apns-id': '1b4e28ba-2fa1-41d2-883f-0016d3cca427',
};

interface Change {
  [header: string]: string | undefined;
}

function request(change: Change = {}, body: string | Buffer = '{"aps":{}}'): IncomingRequest {
  const headers = Object.entries({ ...good, ...change }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  const bytes = Buffer.from(body);
  return {
    method: change[':method'] ?? good[':method'],
    path: change[':path'] ?? good[':path'],
    headers,
    body: bytes,
    bodyBytes: bytes.length,
  };
}

function context(change: Partial<NotificationContext> = {}): NotificationContext {
  const key = {
    teamId: 'T',
    keyId: 'K',
    publicKey,
    environments: ['sandbox'] as const,
    topics: '*' as const,
    family: 'K',
    revoked: false,
  };
  return {
    now,
    environment: 'sandbox',
    token: { text: 'x', key, issuedAt: now / 1000, signature: 'jose' },
    device,
    recentPushes: 0,
    policy: strict.apns,
    ...change,
  };
}

const verdict = (change: Change = {}, more: Partial<NotificationContext> = {}, body?: string | Buffer) =>
  checkNotification(request(change, body), context(more))?.reason ?? 'accepted';
const topics = (list: string[]): Partial<NotificationContext> => {
  const { token: known } = context();
  return { token: { ...known, key: { ...known.key, topics: list } } };
};
const alertDevice: IosDevice = { ...device, kind: 'alert' };

describe('APNs looks at the request first, and', () => {
  it('takes a faultless one', () => expect(checkRequest(request())).toBeUndefined());
  it('answers 405 to another method', () =>
    expect(checkRequest(request({ ':method': 'GET' }))).toEqual({ status: 405, reason: 'MethodNotAllowed' }));
  it('answers 404 to another path', () =>
    expect(checkRequest(request({ ':path': '/4/device/ab' }))).toEqual({ status: 404, reason: 'BadPath' }));
  it('answers 404 to a path that goes on after the token', () =>
    expect(checkRequest(request({ ':path': `/3/device/${token}/x` }))?.reason).toBe('BadPath'));
  it('misses a token that is not in the path', () =>
    expect(checkRequest(request({ ':path': '/3/device/' }))?.reason).toBe('MissingDeviceToken'));
  it.each(['apns-topic', 'apns-id', 'authorization'])('refuses %s twice', (name) => {
    const twice = request();
    expect(checkRequest({ ...twice, headers: [...twice.headers, [name, 'again']] })?.reason).toBe(
      'DuplicateHeaders',
    );
  });
  it('does not mind another header twice', () => {
    const twice = request({ 'user-agent': 'x' });
    expect(checkRequest({ ...twice, headers: [...twice.headers, ['user-agent', 'y']] })).toBeUndefined();
  });
});

describe('of a notification APNs', () => {
  const cases: [string, string, Change, Partial<NotificationContext>?, string?][] = [
    ['takes a faultless call', 'accepted', {}],
    ['wants a topic', 'MissingTopic', { 'apns-topic': undefined }],
    ['wants a topic that looks like one', 'BadTopic', { 'apns-topic': 'com..example voip' }],
    ['refuses a topic the key does not cover', 'TopicDisallowed', {}, topics(['com.other'])],
    ['takes the .voip topic of a bundle id the key covers', 'accepted', {}, topics(['com.example.app'])],
    ['does not know the push type', 'InvalidPushType', { 'apns-push-type': 'call' }],
    ['refuses push type alert on a .voip topic', 'BadTopic', { 'apns-push-type': 'alert' }],
    ['refuses push type voip on a topic without .voip', 'BadTopic', { 'apns-topic': 'com.example.app' }],
    ['takes a missing push type', 'accepted', { 'apns-push-type': undefined }],
    ['refuses priority 7', 'BadPriority', { 'apns-priority': '7' }],
    ['refuses an expiration that is no number', 'BadExpirationDate', { 'apns-expiration': '30s' }],
    ['refuses an id in capitals', 'BadMessageId', { 'apns-id': good['apns-id'].toUpperCase() }],
    ['refuses a collapse id of 65 bytes', 'BadCollapseId', { 'apns-collapse-id': 'é'.repeat(32) + 'x' }],
    ['takes a collapse id of 64 bytes', 'accepted', { 'apns-collapse-id': 'é'.repeat(32) }],
    ['refuses an empty body', 'PayloadEmpty', {}, {}, ''],
    ['takes 5120 bytes for a call', 'accepted', {}, {}, ' '.repeat(5120)],
    ['refuses 5121 bytes for a call', 'PayloadTooLarge', {}, {}, ' '.repeat(5121)],
    [
      'refuses 4097 bytes for an alert',
      'PayloadTooLarge',
      { 'apns-topic': 'com.example.app', 'apns-push-type': 'alert' },
      { device: alertDevice },
      ' '.repeat(4097),
    ],
    ['refuses a token that is not hex', 'BadDeviceToken', { ':path': '/3/device/xyz0' }],
    ['refuses a token of odd length', 'BadDeviceToken', { ':path': '/3/device/abc' }],
    ['refuses a token nobody has', 'BadDeviceToken', {}, { device: undefined }],
    [
      'refuses a token of the other environment',
      'BadDeviceToken',
      {},
      { device: { ...device, environment: 'production' } },
    ],
    [
      'refuses a token of another app',
      'DeviceTokenNotForTopic',
      {},
      { device: { ...device, bundleId: 'com.other' } },
    ],
    ['refuses an alert token on the .voip topic', 'DeviceTokenNotForTopic', {}, { device: alertDevice }],
    [
      'refuses a VoIP token on the alert topic',
      'DeviceTokenNotForTopic',
      { 'apns-topic': 'com.example.app', 'apns-push-type': 'alert' },
    ],
    ['refuses one push too many to a device', 'TooManyRequests', {}, { recentPushes: 100 }],
  ];
  for (const [what, expected, change, more, body] of cases) {
    it(`${what}: ${expected}`, () => expect(verdict(change, more, body)).toBe(expected));
  }

  it('says since when a token is unregistered', () =>
    expect(
      checkNotification(request(), context({ device: { ...device, status: 'unregistered', since: 42 } })),
    ).toEqual({ status: 410, reason: 'Unregistered', timestamp: 42 }));
  it('says since when a token is expired', () =>
    expect(
      checkNotification(request(), context({ device: { ...device, status: 'expired', since: 43 } })),
    ).toEqual({
      status: 410,
      reason: 'ExpiredToken',
      timestamp: 43,
    }));
  it('counts no pushes where the policy sets no limit', () =>
    expect(verdict({}, { recentPushes: 1e6, policy: { ...strict.apns, pushesPerToken: 0 } })).toBe(
      'accepted',
    ));
  it('takes the token in capitals for the same', () =>
    expect(verdict({ ':path': `/3/device/${token.toUpperCase()}` })).toBe('accepted'));

  it('names the first fault when there are many, in its documented order', () => {
    const broken: Change = {
      'apns-topic': undefined,
      'apns-push-type': 'call',
      'apns-priority': '7',
      'apns-expiration': 'never',
      'apns-id': 'me',
      'apns-collapse-id': 'x'.repeat(65),
      ':path': '/3/device/xyz',
    };
    const all = { ...topics(['com.other']), recentPushes: 100, device: undefined };
    const repaired: [Change, Partial<NotificationContext>, string][] = [
      [{}, {}, 'MissingTopic'],
      [{ 'apns-topic': '..' }, {}, 'BadTopic'],
      [{ 'apns-topic': good['apns-topic'] }, {}, 'TopicDisallowed'],
      [{}, topics(['com.example.app']), 'InvalidPushType'],
      [{ 'apns-push-type': 'alert' }, {}, 'BadTopic'],
      [{ 'apns-push-type': 'voip' }, {}, 'BadPriority'],
      [{ 'apns-priority': '10' }, {}, 'BadExpirationDate'],
      [{ 'apns-expiration': '0' }, {}, 'BadMessageId'],
      [{ 'apns-id': good['apns-id'] }, {}, 'BadCollapseId'],
      [{ 'apns-collapse-id': undefined }, {}, 'PayloadEmpty'],
    ];
    let change = broken;
    let more: Partial<NotificationContext> = all;
    for (const [nextChange, nextMore, expected] of repaired) {
      change = { ...change, ...nextChange };
      more = { ...more, ...nextMore };
      expect(verdict(change, more, '')).toBe(expected);
    }
    expect(verdict(change, more, 'x'.repeat(6000))).toBe('PayloadTooLarge');
    expect(verdict(change, more)).toBe('BadDeviceToken');
    const gone = { ...device, status: 'unregistered' as const };
    expect(verdict({ ...change, ':path': good[':path'] }, { ...more, device: gone })).toBe('Unregistered');
    expect(verdict({ ...change, ':path': good[':path'] }, { ...more, device })).toBe('TooManyRequests');
  });
});

describe('what APNs answers with 200 and is wrong all the same', () => {
  const rules = (change: Change, body?: string) =>
    warnings(request(change, body), now).map(({ rule }) => rule);

  it('is nothing in a faultless call', () => expect(rules({})).toEqual([]));
  it('is nothing in a call that lives for a few seconds', () =>
    expect(rules({ 'apns-expiration': String(now / 1000 + 5) })).toEqual([]));
  const cases: [string, Change, string?][] = [
    ['push-type-missing', { 'apns-push-type': undefined }],
    ['expiration-in-ms', { 'apns-expiration': String(now) }],
    ['expiration-omitted', { 'apns-expiration': undefined }],
    ['voip-priority', { 'apns-priority': '5' }],
    ['voip-collapse-id', { 'apns-collapse-id': 'call' }],
    ['body-encoded', { 'content-encoding': 'gzip' }],
    ['body-not-json', {}, '[1]'],
  ];
  for (const [rule, change, body] of cases) {
    it(`is noted as ${rule}`, () => expect(rules(change, body)).toEqual([rule]));
  }

  it('reaches no app when the body is not a JSON object', () => {
    expect(payloadOf(request({}, '[1]'))).toBeNull();
    expect(payloadOf(request({}, '{"a":'))).toBeNull();
    expect(payloadOf(request({}, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])))).toBeNull();
    expect(payloadOf(request({}, '{"a":1}'))).toEqual({ a: 1 });
  });
});
