import { randomUUID } from 'node:crypto';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';
import { TestRedis, hasRedis } from '../../support/redis.js';

/** A call from a phone on one node to a phone on the other. */
async function callAcross(one: TestGateway, two: TestGateway, name: string): Promise<void> {
  const alice = await one.phone(`alice-${name}`);
  const bob = await two.phone(`bob-${name}`);
  const callId = await alice.calls(bob.userId, { media: 'video' });
  await bob.hears('call:incoming', ({ call }) => call.callId === callId);
  await alice.hears('call:progress', ({ step }) => step === 'socket-delivered');
  expect(await bob.say('call:ringing', { callId })).toMatchObject({ ok: true });
  await alice.hears('call:ringing');
  expect(await bob.say('call:answer', { callId })).toMatchObject({ ok: true });
  await alice.hears('call:answered');
  expect(await alice.say('call:end', { callId })).toMatchObject({ ok: true });
  await bob.hears('call:ended');
}

describe('two nodes on one database without Redis', () => {
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;
  beforeAll(async () => {
    database = await freshDatabase();
    one = await testGateway({}, database);
    two = await testGateway({}, database);
  });
  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
    await database.drop();
  });

  it('carry a call between them, because each reads what the other recorded', async () => {
    await callAcross(two, one, 'a');
  });
});

const withRedis = hasRedis ? describe : null;
withRedis?.('two nodes with Redis', () => {
  let redis: TestRedis;
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;
  beforeAll(async () => {
    redis = await TestRedis.start();
    database = await freshDatabase();
    one = await testGateway({ REDIS_URL: redis.url }, database);
    two = await testGateway({ REDIS_URL: redis.url }, database);
  });
  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
    await redis.kill();
    await database.drop();
  });

  it('carry calls in both directions', async () => {
    await callAcross(one, two, 'one-two');
    await callAcross(two, one, 'two-one');
  });

  it('carry signals between the two devices, in order and without gaps', async () => {
    const alice = await one.phone('alice');
    const bob = await two.phone('bob');
    const callId = await alice.calls('bob');
    for (let nr = 0; nr < 5; nr++) await alice.say('call:signal', { callId, signal: { nr } });
    await bob.hears('call:incoming');
    await bob.say('call:answer', { callId });
    for (let nr = 5; nr < 10; nr++) await alice.say('call:signal', { callId, signal: { nr } });
    await bob.hears('call:signal', ({ signal }: { signal: any }) => signal.nr === 9);
    expect(bob.all('call:signal').map(({ signal }: { signal: any }) => signal.nr)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    await bob.say('call:signal', { callId, signal: 'answer' });
    await alice.hears('call:signal', ({ signal }) => signal === 'answer');
    await bob.say('call:media', { callId, audio: false, video: false });
    await alice.hears('call:media', ({ audio }) => audio === false);
  });

  it('keep signals for a device that returns on the other node', async () => {
    const alice = await one.phone('carol');
    const bob = await one.phone('dave');
    const callId = await alice.calls('dave');
    await bob.say('call:answer', { callId });
    bob.disconnect();
    await alice.say('call:signal', { callId, signal: 'kept' });
    const back = await two.phone('dave');
    const { signals } = await back.hears('sync');
    expect(signals).toMatchObject([{ callId, signal: 'kept', from: { userId: 'carol' } }]);
    expect(back.all('call:signal')).toEqual([]);
  });

  it('give signals to a device that has just returned on the other node, also when it was looked for in vain before', async () => {
    const alice = await one.phone('wendy');
    const bob = await two.phone('zoe');
    const callId = await alice.calls('zoe');
    await bob.hears('call:incoming');
    await bob.say('call:answer', { callId });
    await alice.hears('call:answered');
    bob.disconnect();
    await alice.say('call:signal', { callId, signal: 'while away' });
    // Nothing tells that the device was looked for in vain: longer than nodes are given to say that they have it.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const back = await two.phone('zoe');
    expect((await back.hears('sync')).signals).toMatchObject([{ signal: 'while away' }]);
    await alice.say('call:signal', { callId, signal: 'when back' });
    await back.hears('call:signal', ({ signal }) => signal === 'when back');
  });

  describe('while a device moves from one to the other and back', () => {
    const seqs = (phone: Phone, callId: string): number[] =>
      phone
        .all('call:signal')
        .filter((told) => told.callId === callId)
        .map(({ seq }) => seq);
    const texts = (phone: Phone, callId: string): unknown[] =>
      phone
        .all('call:signal')
        .filter((told) => told.callId === callId)
        .map(({ signal }) => signal);
    const move = async (phone: Phone, to: TestGateway): Promise<Phone> => {
      const moved = await to.phone(phone.userId, { deviceId: phone.deviceId });
      await moved.hears('sync');
      return moved;
    };

    it('count its signals on, and give them in order', async () => {
      let alice = await one.phone('mover');
      const bob = await two.phone('stayer');
      const callId = await alice.calls('stayer');
      await bob.hears('call:incoming');
      await bob.say('call:answer', { callId });
      for (const [nr, node] of [one, two, one, two, one].entries()) {
        if (nr > 0) alice = await move(alice, node);
        expect(await alice.say('call:signal', { callId, signal: nr })).toMatchObject({ seq: nr + 1 });
      }
      await bob.hears('call:signal', ({ signal }) => signal === 4);
      expect(texts(bob, callId)).toEqual([0, 1, 2, 3, 4]);
      expect(seqs(bob, callId)).toEqual([1, 2, 3, 4, 5]);
    });

    it('give what it said before the answer in the order it said it', async () => {
      let alice = await one.phone('early');
      const bob = await two.phone('late');
      const callId = await alice.calls('late');
      await alice.say('call:signal', { callId, signal: 'offer' });
      alice = await move(alice, two);
      await alice.say('call:signal', { callId, signal: 'candidate' });
      let answering = await move(bob, one);
      await answering.say('call:signal', { callId, signal: 'pre-answer' });
      answering = await move(answering, two);
      await answering.say('call:signal', { callId, signal: 'answer' });
      await answering.say('call:answer', { callId });
      await answering.hears('call:signal', ({ signal }) => signal === 'candidate');
      await alice.hears('call:signal', ({ signal }) => signal === 'answer');
      expect(texts(answering, callId)).toEqual(['offer', 'candidate']);
      expect(texts(alice, callId)).toEqual(['pre-answer', 'answer']);
    });

    it('tell it on its return what the other side has muted meanwhile', async () => {
      const alice = await one.phone('muting');
      const bob = await two.phone('hearing');
      const callId = await alice.calls('hearing');
      await bob.hears('call:incoming');
      await bob.say('call:answer', { callId });
      await alice.hears('call:answered');
      bob.disconnect();
      await alice.say('call:media', { callId, audio: false, video: false, held: true });
      const back = await two.phone('hearing');
      expect(await back.hears('call:media')).toMatchObject({ callId, audio: false, held: true });
    });
  });

  it('tell the caller of the answer before what the answering device has to say', async () => {
    for (let round = 0; round < 10; round++) {
      const alice = await one.phone(`order-a${round}`);
      const bob = await two.phone(`order-b${round}`);
      const callId = await alice.calls(bob.userId);
      await bob.hears('call:incoming');
      await bob.say('call:signal', { callId, signal: 'ready' });
      await bob.say('call:answer', { callId });
      await alice.hears('call:signal');
      const order = alice.heard.map(({ event }) => event).filter((event) => /answered|signal/.test(event));
      expect(order).toEqual(['call:answered', 'call:signal']);
    }
  });

  it('carry the signals of a call that both sides started, on different nodes, at the same moment', async () => {
    for (let round = 0; round < 15; round++) {
      const alice = await one.phone(`glare-a${round}`);
      const bob = await two.phone(`glare-b${round}`);
      const [mine, yours] = [randomUUID(), randomUUID()];
      const initiate = (phone: Phone, callId: string, callee: string) =>
        phone.say('call:initiate', { callId, callee, media: 'video' });
      const first = initiate(alice, mine, bob.userId);
      await new Promise((resolve) => setTimeout(resolve, round % 5));
      const [, { call }] = await Promise.all([first, initiate(bob, yours, alice.userId)]);
      await Promise.all([alice.hears('call:answered'), bob.hears('call:answered')]);
      const { callId } = call;
      await alice.say('call:signal', { callId, signal: 'offer' });
      await bob.say('call:signal', { callId, signal: 'answer' });
      await bob.hears('call:signal', ({ signal }) => signal === 'offer');
      await alice.hears('call:signal', ({ signal }) => signal === 'answer');
      for (const phone of [alice, bob]) {
        const heard = (await phone.caughtUp()).heard.map(({ event }) => event);
        expect(heard.slice(heard.indexOf('call:answered'))).not.toContain('call:incoming');
      }
    }
  });

  it('let a device have one connection in the whole cluster', async () => {
    const old = await one.phone('erin');
    await two.phone('erin');
    await old.hears('session:replaced');
    await old.hears('disconnect');
  });

  it('go on while Redis is away, and heal when it is back', async () => {
    await redis.kill();
    await callAcross(one, two, 'without');
    const degraded = await one.http('/health/ready');
    expect(degraded).toMatchObject({
      status: 200,
      body: { status: 'degraded', parts: { redis: { status: 'degraded' } } },
    });
    await redis.restart();
    const deadline = Date.now() + 10_000;
    while (
      (await one.http('/health/ready')).body.status !== 'ok' ||
      (await two.http('/health/ready')).body.status !== 'ok'
    ) {
      if (Date.now() > deadline) throw new Error('Redis was never found again');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await callAcross(two, one, 'again');
  });

  it('say so while Redis hangs, and find it again when it goes on', async () => {
    const state = async (): Promise<string> => (await one.http('/health/ready')).body.status;
    redis.freeze();
    try {
      await eventually(state, (status) => status === 'degraded');
      await callAcross(one, two, 'frozen');
    } finally {
      redis.thaw();
    }
    await eventually(state, (status) => status === 'ok');
    await callAcross(two, one, 'thawed');
  });
});
