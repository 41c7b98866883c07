import { randomUUID } from 'node:crypto';
import { type PushingGateway, pushingGateway } from '../../support/pushing.js';

describe('a phone whose app is not running', () => {
  let gateway: PushingGateway;
  beforeAll(async () => {
    gateway = await pushingGateway();
  });
  afterAll(() => gateway.stop());

  const bearer = (token: unknown): { token: string } => ({ token: token as string });

  it.each([
    ['sandbox', 'voice'],
    ['sandbox', 'video'],
    ['production', 'voice'],
    ['production', 'video'],
  ] as const)(
    'is woken through APNs %s for a %s call, rings and answers without a login',
    async (environment, media) => {
      const user = `bob-${environment}-${media}`;
      const caller = `alice-${environment}-${media}`;
      const alice = await gateway.phone(caller, { name: 'Alice' });
      const iphone = await gateway.iphone(user, { environment });
      const callId = await alice.calls(user, { media });

      const push = await gateway.simulator.nextDelivery(iphone.token);
      expect(push).toMatchObject({ topic: 'com.example.app.voip', pushType: 'voip' });
      expect(push.payload).toMatchObject({
        ...{ aps: {}, callId, uuid: callId, handle: caller, callerId: caller, callerName: 'Alice' },
        ...{ hasVideo: media === 'video', media, gateway: gateway.url.replace('127.0.0.1', 'localhost') },
      });
      const action = bearer(push.payload.actionToken);
      expect((await gateway.http(`/v1/calls/${callId}`, action)).body).toMatchObject({
        callId,
        state: 'initiated',
      });
      const ringing = await gateway.http(`/v1/calls/${callId}/ringing`, { ...action, method: 'POST' });
      expect(ringing).toMatchObject({ status: 200, body: { call: { state: 'ringing' } } });
      await alice.hears('call:ringing', ({ by }) => by.deviceId === iphone.deviceId);
      const answered = await gateway.http(`/v1/calls/${callId}/answer`, { ...action, method: 'POST' });
      expect(answered).toMatchObject({
        status: 200,
        body: { call: { state: 'answered', answeredBy: iphone.deviceId } },
      });
      await alice.hears('call:answered');
      expect(alice.all('call:progress').map(({ step }) => step)).toEqual(['push-sent', 'push-accepted']);
      const explained = await gateway.http(`/v1/calls/${callId}/explain`, { as: caller });
      expect(explained.body).toMatchObject({
        code: 'answered_after_wake',
        devices: [{ deviceId: iphone.deviceId, platform: 'ios' }],
      });
      expect(explained.body.verdict).toMatch(
        /^iPhone was woken by APNs, rang after \d.* and was answered after \d/,
      );
    },
  );

  it('may use the second name of its call, when both called each other, and that of no other call', async () => {
    const alice = await gateway.phone('glare-alice');
    const iphone = await gateway.iphone('glare-bob');
    const first = await alice.calls('glare-bob');
    const action = bearer((await gateway.simulator.nextDelivery(iphone.token)).payload.actionToken);
    const second = randomUUID();
    const asked = { callId: second, callee: 'glare-alice', media: 'voice' };
    const merged = await gateway.http(`/v1/calls?deviceId=${iphone.deviceId}`, {
      ...{ as: 'glare-bob', method: 'POST', body: asked },
    });
    expect(merged.body).toMatchObject({ merged: true, call: { callId: first } });
    expect((await gateway.http(`/v1/calls/${second}`, action)).body).toMatchObject({ callId: first });
    const again = await gateway.http(`/v1/calls/${second}/answer`, { ...action, method: 'POST' });
    expect(again).toMatchObject({ status: 200, body: { call: { callId: first, state: 'answered' } } });
    const other = await alice.calls('glare-bob');
    expect((await gateway.http(`/v1/calls/${other}`, action)).body.code).toBe('CALL_NOT_FOUND');
  });

  it('rings although its APNs environment was declared wrongly, and is remembered right', async () => {
    const alice = await gateway.phone('alice');
    const iphone = await gateway.iphone('wrong', { environment: 'sandbox', declared: 'production' });
    const callId = await alice.calls('wrong');
    const push = await gateway.simulator.nextDelivery(iphone.token);
    await alice.hears('call:progress', ({ step }) => step === 'push-accepted');
    const devices = await gateway.http('/v1/devices', { as: 'wrong' });
    expect(devices.body.items).toMatchObject([
      { deviceId: iphone.deviceId, apnsEnvironment: 'sandbox', pushToken: `…${iphone.token.slice(-6)}` },
    ]);
    const timeline = await gateway.timeline(callId, 'alice');
    expect(timeline.map(({ type }) => type)).toEqual([
      'CallInitiated',
      'WakeRequested',
      'PushAccepted',
      'DeviceApnsEnvironmentCorrected',
    ]);
    const refusal = { environment: 'production', status: 400, reason: 'BadDeviceToken' };
    expect(timeline[2]?.data).toMatchObject({ environment: 'sandbox', status: 200, refusedBefore: refusal });
    await gateway.http(`/v1/calls/${callId}/answer`, { ...bearer(push.payload.actionToken), method: 'POST' });
    const explained = await gateway.http(`/v1/calls/${callId}/explain`, { as: 'alice' });
    expect(explained.body).toMatchObject({ code: 'answered_after_environment_healed' });
    expect(explained.body.devices[0].steps.slice(0, 4)).toMatchObject([
      { step: 'push-sent', environment: 'production' },
      { step: 'push-rejected', provider: 'apns', ...refusal },
      { step: 'push-accepted', environment: 'sandbox', status: 200 },
      { step: 'environment-corrected', environment: 'sandbox' },
    ]);
  });

  it('is not asked for in the wrong environment again after its app has started and declared the same', async () => {
    const alice = await gateway.phone('alice');
    const { token, deviceId } = await gateway.iphone('stubborn', {
      ...{ environment: 'sandbox', declared: 'production' },
    });
    const asked = () =>
      gateway.simulator.log.filter((one) => one.token === token).map(({ service }) => service);
    const first = await alice.calls('stubborn');
    await gateway.simulator.nextDelivery(token);
    await alice.hears('call:progress', ({ callId, step }) => callId === first && step === 'push-accepted');
    await alice.say('call:cancel', { callId: first });
    const body = {
      ...{ platform: 'ios', voipToken: token, apnsEnvironment: 'production', bundleId: 'com.example.app' },
    };
    const started = await gateway.http(`/v1/devices/${deviceId}`, { as: 'stubborn', method: 'PUT', body });
    expect(started).toMatchObject({ status: 200, body: { apnsEnvironment: 'sandbox' } });
    await alice.calls('stubborn');
    await gateway.simulator.nextDelivery(token);
    expect(asked()).toEqual(['apns-production', 'apns-sandbox', 'apns-sandbox']);
  });

  it('is an Android phone, woken by FCM and told when the call is over', async () => {
    const alice = await gateway.phone('alice');
    const pixel = await gateway.android('carol');
    const callId = await alice.calls('carol', { media: 'video' });
    const push = await gateway.simulator.nextDelivery(pixel.token);
    expect(push).toMatchObject({ originalPriority: 'high', notification: null });
    expect(push.payload).toMatchObject({ callId, hasVideo: 'true', callerName: 'alice' });
    await alice.say('call:cancel', { callId });
    expect((await gateway.simulator.nextDelivery(pixel.token)).payload).toEqual({
      type: 'call-over',
      callId,
      outcome: 'cancelled',
    });
  });

  it('is an Android phone that declined: the others are told that the call is over, this one is not', async () => {
    const alice = await gateway.phone('alice');
    const pixel = await gateway.android('frank', { deviceId: 'pixel' });
    const tablet = await gateway.android('frank', { deviceId: 'tablet' });
    const callId = await alice.calls('frank');
    const push = await gateway.simulator.nextDelivery(pixel.token);
    await gateway.simulator.nextDelivery(tablet.token);
    await gateway.http(`/v1/calls/${callId}/decline`, {
      ...bearer(push.payload.actionToken),
      method: 'POST',
    });
    expect((await gateway.simulator.nextDelivery(tablet.token)).payload).toMatchObject({ type: 'call-over' });
    const again = await alice.calls('frank');
    expect((await gateway.simulator.nextDelivery(pixel.token)).payload).toMatchObject({ callId: again });
  });

  it('declines from the lock screen with one request', async () => {
    const alice = await gateway.phone('alice');
    const iphone = await gateway.iphone('dave');
    const callId = await alice.calls('dave');
    const push = await gateway.simulator.nextDelivery(iphone.token);
    const declined = await gateway.http(`/v1/calls/${callId}/decline`, {
      ...bearer(push.payload.actionToken),
      method: 'POST',
    });
    expect(declined).toMatchObject({ status: 200, body: { call: { outcome: 'declined' } } });
    await alice.hears('call:declined', ({ call }) => call.callId === callId);
    const elsewhere = await gateway.http('/v1/calls', bearer(push.payload.actionToken));
    expect(elsewhere).toMatchObject({ status: 403, body: { code: 'NOT_ALLOWED' } });
  });

  it('is left alone when its token is dead, and the caller is told at once', async () => {
    const alice = await gateway.phone('alice');
    const iphone = await gateway.iphone('erin');
    gateway.simulator.unregister(iphone.token);
    const callId = await alice.calls('erin');
    expect(await alice.hears('call:failed', ({ call }) => call.callId === callId)).toMatchObject({
      call: { endReason: 'unreachable' },
    });
    const devices = await gateway.http('/v1/devices', { as: 'erin' });
    expect(devices.body.items).toMatchObject([{ pushToken: null }]);
    const explained = await gateway.http(`/v1/calls/${callId}/explain`, { as: 'alice' });
    expect(explained.body).toMatchObject({ code: 'token_retired' });
  });
});
