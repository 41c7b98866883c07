import type { Fault } from 'ringway-simulator';
import { ask } from '../../support/database.js';
import { BUNDLE, type PushingGateway, pushingGateway } from '../../support/pushing.js';

type Service = 'apns-sandbox' | 'fcm' | 'token';

describe('when Apple or Google stumbles', () => {
  let gateway: PushingGateway;
  beforeAll(async () => {
    gateway = await pushingGateway();
  });
  beforeEach(() => gateway.simulator.reset());
  afterAll(() => gateway.stop());

  const inject = (service: Service, fault: Fault, times?: number): void => {
    gateway.simulator.inject({ service, fault, times });
  };

  it.each<[string, Fault, number]>([
    ['answers 500 once', { kind: 'answer', status: 500, reason: 'InternalServerError' }, 1],
    ['answers 503 three times', { kind: 'answer', status: 503, reason: 'ServiceUnavailable' }, 3],
    ['answers 429 once', { kind: 'answer', status: 429, reason: 'TooManyRequests' }, 1],
    ['says GOAWAY', { kind: 'goaway', debug: '{"reason":"Shutdown"}' }, 1],
    ['says GOAWAY twice with an error', { kind: 'goaway', code: 2, twice: true }, 1],
    ['never answers', { kind: 'hang' }, 1],
    ['freezes its connection', { kind: 'freeze' }, 1],
    ['is slow', { kind: 'delay', ms: 1_000 }, 1],
    ['breaks the connection', { kind: 'disconnect' }, 1],
    ['refuses the stream', { kind: 'reset-stream', code: 'REFUSED_STREAM' }, 1],
    ['resets the stream', { kind: 'reset-stream', code: 'INTERNAL_ERROR' }, 1],
    ['takes the push and loses the answer', { kind: 'disconnect', accepted: true }, 1],
    ['allows one stream only', { kind: 'settings', maxConcurrentStreams: 1 }, 1],
    [
      'says the provider token is too old',
      { kind: 'answer', status: 403, reason: 'ExpiredProviderToken' },
      1,
    ],
  ])('APNs %s: the phone is woken all the same, under one apns-id', async (what, fault, times) => {
    const alice = await gateway.phone('alice');
    const bob = `bob whose APNs ${what}`;
    const iphone = await gateway.iphone(bob);
    inject('apns-sandbox', fault, times);
    const callId = await alice.calls(bob);
    const push = await gateway.simulator.nextDelivery(iphone.token, 10_000);
    expect(push.payload).toMatchObject({ callId });
    await alice.hears('call:progress', ({ step }) => step === 'push-accepted');
    const ids = new Set(
      gateway.simulator.log
        .filter(({ service }) => service === 'apns-sandbox')
        .map(({ headers }) => idIn(headers)),
    );
    expect(ids.size).toBe(1);
  });

  it.each<[string, Service, Fault, number]>([
    [
      'FCM answers 503 with Retry-After',
      'fcm',
      { kind: 'answer', status: 503, reason: 'UNAVAILABLE', retryAfter: 1 },
      1,
    ],
    [
      'FCM answers 502 with HTML',
      'fcm',
      { kind: 'answer', status: 502, body: '<html>', contentType: 'text/html' },
      1,
    ],
    ['FCM answers 429', 'fcm', { kind: 'answer', status: 429, reason: 'QUOTA_EXCEEDED' }, 1],
    ['FCM breaks the connection', 'fcm', { kind: 'disconnect' }, 1],
  ])('%s: the Android phone is woken all the same', async (what, service, fault, times) => {
    const alice = await gateway.phone('alice');
    const bob = `bob whose ${what}`;
    const pixel = await gateway.android(bob);
    inject(service, fault, times);
    const callId = await alice.calls(bob);
    expect((await gateway.simulator.nextDelivery(pixel.token, 10_000)).payload).toMatchObject({ callId });
    await alice.hears('call:progress', ({ step }) => step === 'push-accepted');
  });

  it('FCM knows the access token no more, twice within a minute: the Android phone is woken both times', async () => {
    const alice = await gateway.phone('alice');
    const bob = 'bob whose FCM forgets who is speaking';
    const pixel = await gateway.android(bob);
    for (let time = 1; time <= 2; time++) {
      inject('fcm', { kind: 'answer', status: 401, reason: 'UNAUTHENTICATED' }, 1);
      const callId = await alice.calls(bob);
      expect((await gateway.simulator.nextDelivery(pixel.token)).payload).toMatchObject({ callId });
      await alice.hears('call:progress', (told) => told.callId === callId && told.step === 'push-accepted');
      await alice.say('call:cancel', { callId });
      expect((await gateway.simulator.nextDelivery(pixel.token)).payload).toMatchObject({
        type: 'call-over',
      });
    }
  });

  it('a push that waits for its next attempt is not sent any more once the caller has given up', async () => {
    const alice = await gateway.phone('alice');
    const iphone = await gateway.iphone('bob who is called in vain');
    const { simulator, database } = gateway;
    inject('apns-sandbox', { kind: 'answer', status: 429, reason: 'TooManyRequests', retryAfter: 1 }, 1);
    const callId = await alice.calls('bob who is called in vain');
    await gateway.eventually(
      () => gateway.timeline(callId, 'alice'),
      (items) => items.some(({ type }) => type === 'PushRetried'),
    );
    await alice.say('call:cancel', { callId });
    // The attempt comes due, and is given up.
    await gateway.eventually(
      () => ask(database.url, `select key from jobs where key like 'push ${callId}%'`),
      ({ length }) => length === 0,
    );
    expect(simulator.delivered(iphone.token)).toEqual([]);
    expect(simulator.log.filter(({ service }) => service === 'apns-sandbox')).toHaveLength(1);
  });

  it('an outage that ends inside the ring still ends in a woken phone', async () => {
    const alice = await gateway.phone('alice');
    const iphone = await gateway.iphone('bob');
    const outage = gateway.simulator.inject({ service: 'apns-sandbox', fault: { kind: 'outage' } });
    const callId = await alice.calls('bob');
    await gateway.eventually(
      () => gateway.timeline(callId, 'alice'),
      (items) => items.some(({ type }) => type === 'PushRetried'),
    );
    gateway.simulator.clearFaults();
    expect(outage).toBeDefined();
    expect((await gateway.simulator.nextDelivery(iphone.token, 10_000)).payload).toMatchObject({ callId });
  });
});

describe('when Apple or Google says no', () => {
  let gateway: PushingGateway;
  beforeEach(async () => {
    gateway = await pushingGateway();
  });
  afterEach(() => gateway.stop());

  const explain = async (callId: string): Promise<{ code: string }> =>
    (await gateway.http(`/v1/calls/${callId}/explain`, { as: 'alice' })).body;
  const inject = (service: Service, fault: Fault, times?: number): void => {
    gateway.simulator.inject({ service, fault, times });
  };

  it.each<[string, Fault, number]>([
    ['is down for a moment', { kind: 'answer', status: 503 }, 2],
    ['hangs', { kind: 'hang' }, 1],
  ])('a token endpoint that %s delays the push and loses nothing', async (_what, fault, times) => {
    const alice = await gateway.phone('alice');
    const pixel = await gateway.android('bob');
    inject('token', fault, times);
    const callId = await alice.calls('bob');
    expect((await gateway.simulator.nextDelivery(pixel.token, 10_000)).payload).toMatchObject({ callId });
  });

  it('a provider that is down for the whole ring is named in the explanation', async () => {
    await gateway.stop();
    gateway = await pushingGateway({ RING_TIMEOUT_MS: '900' });
    const alice = await gateway.phone('alice');
    await gateway.iphone('bob');
    inject('apns-sandbox', { kind: 'answer', status: 503, reason: 'ServiceUnavailable' });
    const callId = await alice.calls('bob');
    await alice.hears('call:missed');
    expect(await explain(callId)).toMatchObject({
      code: 'provider_unavailable',
      verdict: expect.stringContaining('ServiceUnavailable'),
    });
  });

  it('a configuration fault keeps the token, fails the call at once and shows in readiness and metrics', async () => {
    const alice = await gateway.phone('alice');
    const { token } = await gateway.iphone('bob');
    inject('apns-sandbox', { kind: 'answer', status: 403, reason: 'InvalidProviderToken' }, 1);
    const callId = await alice.calls('bob');
    await alice.hears('call:failed');
    expect(await explain(callId)).toMatchObject({
      code: 'configuration_fault',
      verdict: expect.stringContaining(BUNDLE),
    });
    expect((await gateway.http('/v1/devices', { as: 'bob' })).body.items).toMatchObject([
      { pushToken: `…${token.slice(-6)}` },
    ]);
    const ready = await gateway.http('/health/ready');
    expect(ready).toMatchObject({
      status: 200,
      body: { status: 'degraded', parts: { push: { troubles: [{ app: BUNDLE }] } } },
    });
    expect((await gateway.http('/metrics')).body).toContain(
      `ringway_push_trouble{app="${BUNDLE}",problem="configuration"} 1`,
    );
    await alice.calls('bob');
    await alice.hears('call:progress', ({ step }) => step === 'push-accepted');
    expect((await gateway.http('/health/ready')).body).toMatchObject({ status: 'ok' });
  });

  it('a 410 from before the token was registered again leaves the token alone', async () => {
    const alice = await gateway.phone('alice');
    const { token } = await gateway.iphone('bob');
    inject(
      'apns-sandbox',
      { kind: 'answer', status: 410, reason: 'Unregistered', timestamp: Date.now() - 60_000 },
      1,
    );
    const callId = await alice.calls('bob');
    await alice.hears('call:failed');
    expect((await gateway.http('/v1/devices', { as: 'bob' })).body.items).toMatchObject([
      { pushToken: `…${token.slice(-6)}` },
    ]);
    const types = (await gateway.timeline(callId, 'alice')).map(({ type }) => type);
    expect(types).toEqual([
      'CallInitiated',
      'WakeRequested',
      'PushRejected',
      'DeviceUnreachable',
      'CallFailed',
    ]);
  });

  it('a token that is registered again while its refusal is under way stays, and nobody says it was retired', async () => {
    const alice = await gateway.phone('alice');
    const { token, deviceId } = await gateway.android('bob');
    inject('fcm', { kind: 'delay', ms: 500 });
    gateway.simulator.unregister(token);
    const callId = await alice.calls('bob');
    await alice.hears('call:progress', ({ step }) => step === 'push-sent');
    await gateway.http(`/v1/devices/${deviceId}`, {
      ...{ as: 'bob', method: 'PUT', body: { platform: 'android', fcmToken: token } },
    });
    await alice.hears('call:failed');
    expect((await gateway.http('/v1/devices', { as: 'bob' })).body.items).toMatchObject([
      { pushToken: `…${token.slice(-6)}` },
    ]);
    const types = (await gateway.timeline(callId, 'alice')).map(({ type }) => type);
    expect(types).toContain('PushRejected');
    expect(types).not.toContain('DevicePushTokenRetired');
  });

  it('a call that is cancelled while its push waits for the connection is not pushed', async () => {
    await gateway.stop();
    gateway = await pushingGateway({}, { slowApns: true });
    const alice = await gateway.phone('alice');
    const bob = await gateway.iphone('bob');
    const carol = await gateway.iphone('carol');
    gateway.apnsWire!.silence();
    const callId = await alice.calls('bob');
    await gateway.eventually(
      () => gateway.timeline(callId, 'alice'),
      (items) => items.some(({ type }) => type === 'WakeRequested'),
    );
    await alice.say('call:cancel', { callId });
    const second = await alice.calls('carol');
    gateway.apnsWire!.heal();
    expect((await gateway.simulator.nextDelivery(carol.token)).payload).toMatchObject({ callId: second });
    expect(gateway.simulator.log.filter(({ token }) => token === bob.token)).toEqual([]);
  });

  it('a bundle nobody configured is explained, and does not trouble readiness', async () => {
    const alice = await gateway.phone('alice');
    await gateway.iphone('mallory', { bundleId: 'com.example.invented' });
    const callId = await alice.calls('mallory');
    await alice.hears('call:failed', ({ call }) => call.callId === callId);
    expect(await explain(callId)).toMatchObject({
      code: 'configuration_fault',
      verdict: expect.stringContaining('com.example.invented'),
    });
    expect((await gateway.http('/health/ready')).body).toMatchObject({ status: 'ok' });
    expect((await gateway.http('/metrics')).body).not.toContain('com.example.invented');
  });

  it('a cancelled call is not pushed any more', async () => {
    const alice = await gateway.phone('alice');
    await gateway.iphone('bob');
    inject('apns-sandbox', { kind: 'answer', status: 503, reason: 'ServiceUnavailable', retryAfter: 1 }, 1);
    const callId = await alice.calls('bob');
    await gateway.eventually(
      () => gateway.timeline(callId, 'alice'),
      (items) => items.some(({ type }) => type === 'PushRetried'),
    );
    await alice.say('call:cancel', { callId });
    const marker = await gateway.iphone('carol');
    await alice.calls('carol');
    await gateway.simulator.nextDelivery(marker.token);
    expect(gateway.simulator.log.filter(({ service }) => service === 'apns-sandbox')).toHaveLength(2);
  });
});

/** The apns-id in headers as they came over the wire. */
const idIn = (headers: readonly (readonly [name: string, value: string])[]): string | undefined =>
  headers.find(([name]) => name === 'apns-id')?.[1];
