import { ask } from '../../support/database.js';
import { type PushingGateway, pushingGateway } from '../../support/pushing.js';

describe('a callee with several devices', () => {
  let gateway: PushingGateway;
  beforeAll(async () => {
    gateway = await pushingGateway({ RING_ACK_TIMEOUT_MS: '300' });
  });
  afterAll(() => gateway.stop());

  it('is not pushed where a socket in the foreground acknowledges the ring', async () => {
    const alice = await gateway.phone('alice');
    const { token } = await gateway.iphone('bob', { deviceId: 'bob-phone' });
    await gateway.phone('bob');
    const callId = await alice.calls('bob');
    await alice.hears(
      'call:progress',
      ({ callId: id, step }) => id === callId && step === 'socket-delivered',
    );
    const asleep = await gateway.iphone('carol');
    await alice.calls('carol');
    await gateway.simulator.nextDelivery(asleep.token);
    expect(gateway.simulator.delivered(token)).toEqual([]);
  });

  it('is pushed as well where the socket only looks alive', async () => {
    const alice = await gateway.phone('alice');
    const { token, deviceId } = await gateway.iphone('ghost', { deviceId: 'ghost-phone' });
    const ghost = await gateway.phone('ghost', { acknowledges: false });
    const callId = await alice.calls('ghost');
    await ghost.hears('call:incoming');
    const push = await gateway.simulator.nextDelivery(token);
    expect(push.payload).toMatchObject({ callId });
    const action = { token: push.payload.actionToken as string, method: 'POST' };
    await gateway.http(`/v1/calls/${callId}/answer`, action);
    const { body } = await gateway.http(`/v1/calls/${callId}/explain`, { as: 'alice' });
    expect(body).toMatchObject({
      code: 'answered_after_wake',
      verdict: expect.stringContaining('because its socket did not acknowledge'),
    });
    expect(body.devices[0].steps.map(({ step }: { step: string }) => step)).toEqual(
      expect.arrayContaining(['socket-told', 'push-sent', 'push-accepted', 'answered']),
    );
    expect(deviceId).toBe('ghost-phone');
  });

  it('is told that the call is over where the socket only looks alive, also after it asked over HTTP', async () => {
    const alice = await gateway.phone('alice');
    for (const asks of [false, true]) {
      const user = `haunted ${asks}`;
      const { token } = await gateway.android(user, { deviceId: 'ghost' });
      await gateway.phone(user, { deviceId: 'ghost', acknowledges: false });
      const callId = await alice.calls(user);
      const { payload } = await gateway.simulator.nextDelivery(token);
      if (asks) await gateway.http(`/v1/calls/${callId}`, { token: payload.actionToken as string });
      await alice.say('call:cancel', { callId });
      expect((await gateway.simulator.nextDelivery(token)).payload).toEqual({
        ...{ type: 'call-over', callId, outcome: 'cancelled' },
      });
    }
  });

  it('is not told so by a push where it declined itself, or where its socket acknowledged', async () => {
    const alice = await gateway.phone('alice');
    const ghost = await gateway.android('ian', { deviceId: 'ghost' });
    const awake = await gateway.android('ian', { deviceId: 'awake' });
    await gateway.phone('ian', { deviceId: 'ghost', acknowledges: false });
    const ian = await gateway.phone('ian', { deviceId: 'awake', appState: 'background' });
    const callId = await alice.calls('ian');
    const { payload } = await gateway.simulator.nextDelivery(ghost.token);
    await ian.hears('call:incoming', ({ call }) => call.callId === callId);
    await gateway.simulator.nextDelivery(awake.token);
    await gateway.http(`/v1/calls/${callId}/decline`, {
      ...{ token: payload.actionToken as string, method: 'POST' },
    });
    await gateway.eventually(
      () => ask(gateway.database.url, `select key from jobs where key = 'call-over ${callId}'`),
      ({ length }) => length === 0,
    );
    for (const { token } of [ghost, awake]) {
      expect(gateway.simulator.delivered(token).map(({ payload: { type } }) => type)).toEqual([undefined]);
    }
  });

  it('is pushed at once where the app is in the background, and hears it on the socket too', async () => {
    const alice = await gateway.phone('alice');
    const { token } = await gateway.iphone('erin', { deviceId: 'erin-phone' });
    const erin = await gateway.phone('erin');
    expect(await erin.say('device:state', { state: 'background' })).toEqual({ ok: true });
    const callId = await alice.calls('erin');
    expect((await gateway.simulator.nextDelivery(token)).payload).toMatchObject({ callId });
    await erin.hears('call:incoming', ({ call }) => call.callId === callId);
  });

  it('rings on two iPhones of different builds, an Android and a browser, and is answered once', async () => {
    const alice = await gateway.phone('alice');
    const debug = await gateway.iphone('frank', { environment: 'sandbox' });
    const store = await gateway.iphone('frank', { environment: 'production' });
    const pixel = await gateway.android('frank');
    const browser = await gateway.phone('frank', { deviceId: 'browser' });
    const callId = await alice.calls('frank', { media: 'video' });
    const pushes = await Promise.all(
      [debug, store, pixel].map(({ token }) => gateway.simulator.nextDelivery(token)),
    );
    await browser.hears('call:incoming');
    const answers = await Promise.all([
      ...pushes.map(({ payload }) =>
        gateway
          .http(`/v1/calls/${callId}/answer`, { token: payload.actionToken as string, method: 'POST' })
          .then(({ status }) => status === 200),
      ),
      browser.say('call:answer', { callId }).then(({ ok }) => ok),
    ]);
    expect(answers.filter(Boolean)).toHaveLength(1);
    await alice.hears('call:answered', ({ call }) => call.callId === callId);
    const types = await gateway.eventually(
      async () => (await gateway.timeline(callId, 'alice')).map(({ type }) => type),
      (recorded) => recorded.filter((type) => type === 'PushAccepted').length === 3,
    );
    expect(types.filter((type) => type === 'CallAnswered')).toHaveLength(1);
  });

  it('an iPhone is never sent a second push, whatever becomes of the call', async () => {
    const alice = await gateway.phone('alice');
    const { token } = await gateway.iphone('gina');
    const callId = await alice.calls('gina');
    await gateway.simulator.nextDelivery(token);
    await alice.say('call:cancel', { callId });
    const pixel = await gateway.android('gina');
    await alice.calls('gina');
    await gateway.simulator.nextDelivery(pixel.token);
    await gateway.simulator.nextDelivery(token);
    expect(gateway.simulator.delivered(token).map(({ payload }) => payload.callId)).toHaveLength(2);
    expect(gateway.simulator.delivered(token).map(({ payload }) => payload.callId)).toContain(callId);
  });

  it('rings a device that connects while the call is ringing', async () => {
    const alice = await gateway.phone('alice');
    await gateway.iphone('hank', { deviceId: 'hank-phone' });
    const callId = await alice.calls('hank');
    const hank = await gateway.phone('hank');
    expect(await hank.hears('sync')).toMatchObject({ calls: [{ callId, state: 'initiated' }] });
    await hank.hears('call:incoming', ({ call }) => call.callId === callId);
    expect(await hank.say('call:answer', { callId })).toMatchObject({ ok: true });
  });
});
