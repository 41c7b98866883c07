import type { Phone } from '../../support/phone.js';
import { ask } from '../../support/database.js';
import { type PushingGateway, pushingGateway } from '../../support/pushing.js';

describe('a phone that has the call', () => {
  let gateway: PushingGateway;
  let alice: Phone;
  beforeEach(async () => {
    gateway = await pushingGateway();
    alice = await gateway.phone('alice');
  });
  afterEach(() => gateway.stop());

  type Recorded = { type: string; data: Record<string, unknown> };
  const recorded = async (callId: string, found: (event: Recorded) => boolean): Promise<void> =>
    void (await gateway.eventually(
      () => gateway.timeline(callId, 'alice'),
      (events) => events.some(found),
    ));
  const nothingIsDue = (callId: string): Promise<unknown> =>
    gateway.eventually(
      () => ask(gateway.database.url, `select key from jobs where key like 'push ${callId}%'`),
      ({ length }) => length === 0,
    );
  const requests = (service: 'apns-sandbox' | 'apns-production'): number =>
    gateway.simulator.log.filter((entry) => entry.service === service).length;
  const progress = (): string[] =>
    alice.heard.filter(({ event }) => event === 'call:progress').map(({ payload }) => payload.step);

  it.each([
    ['answers after 5 s', { kind: 'delay', ms: 5_000 }],
    ['takes the push and never answers', { kind: 'hang', accepted: true }],
  ] as const)('is not pushed again by a gateway whose Apple %s', async (_, fault) => {
    const iphone = await gateway.iphone('bob');
    gateway.simulator.inject({ service: 'apns-sandbox', fault });
    const callId = await alice.calls('bob');
    const { payload } = await gateway.simulator.nextDelivery(iphone.token, 10_000);
    const bearer = { token: payload.actionToken as string };
    expect(await gateway.http(`/v1/calls/${callId}`, bearer)).toMatchObject({ status: 200 });
    const pushes = requests('apns-sandbox');
    await gateway.http(`/v1/calls/${callId}/ringing`, { ...bearer, method: 'POST' });
    await recorded(
      callId,
      ({ type, data }) => type === 'PushRetried' && data.reached === true && data.afterMs === null,
    );
    await nothingIsDue(callId);
    expect(requests('apns-sandbox')).toBe(pushes);
    expect(progress()).not.toContain('push-failed');
    await gateway.http(`/v1/calls/${callId}/answer`, { ...bearer, method: 'POST' });
    const explained = await gateway.http(`/v1/calls/${callId}/explain`, { as: 'alice' });
    expect(explained.body).toMatchObject({ code: 'answered_after_wake' });
  });

  it('is not pushed any more when a retry comes due', async () => {
    const iphone = await gateway.iphone('bob');
    const fault = { kind: 'answer', status: 503, reason: 'ServiceUnavailable', retryAfter: 1 } as const;
    gateway.simulator.inject({ service: 'apns-sandbox', fault });
    const callId = await alice.calls('bob');
    await recorded(callId, ({ type }) => type === 'PushRetried');
    const bob = await gateway.phone('bob', { deviceId: iphone.deviceId });
    expect(await bob.say('call:ringing', { callId })).toMatchObject({ ok: true });
    await nothingIsDue(callId);
    expect(requests('apns-sandbox')).toBe(1);
    expect(progress()).not.toContain('push-failed');
  });

  it('is not looked for in the other APNs environment', async () => {
    const iphone = await gateway.iphone('bob', { environment: 'sandbox', declared: 'production' });
    gateway.simulator.inject({ service: 'apns-production', fault: { kind: 'delay', ms: 1_500 } });
    const callId = await alice.calls('bob');
    await recorded(callId, ({ type }) => type === 'WakeRequested');
    const bob = await gateway.phone('bob', { deviceId: iphone.deviceId });
    expect(await bob.say('call:ringing', { callId })).toMatchObject({ ok: true });
    await recorded(callId, ({ type, data }) => type === 'PushRejected' && data.reached === true);
    expect([requests('apns-production'), requests('apns-sandbox')]).toEqual([1, 0]);
    expect(progress()).not.toContain('push-failed');
    expect((await gateway.http('/v1/devices', { as: 'bob' })).body.items).toMatchObject([
      { pushToken: `…${iphone.token.slice(-6)}`, apnsEnvironment: 'production' },
    ]);
  });
});
