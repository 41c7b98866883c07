import { type TestDatabase, freshDatabase } from '../support/database.js';
import { type TestGateway, testGateway } from '../support/gateway.js';
import { TestRedis, hasRedis } from '../support/redis.js';

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
});
