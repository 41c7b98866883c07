import { Redis } from 'ioredis';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import type { Phone, Told } from '../../support/phone.js';
import { TestRedis, hasRedis } from '../../support/redis.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const when = hasRedis ? describe : describe.skip;

when('two nodes whose Redis comes and goes', () => {
  let redis: TestRedis;
  let wire: TcpProxy;
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;
  let alice: Phone;
  let bob: Phone;
  let callId: string;
  const observers: Redis[] = [];
  beforeAll(async () => {
    redis = await TestRedis.start();
    wire = await TcpProxy.to(redis.url);
    database = await freshDatabase();
    const more = { RATE_LIMIT_EVENTS_PER_SECOND: '1000' };
    one = await testGateway({ REDIS_URL: redis.url, ...more }, database);
    two = await testGateway({ REDIS_URL: wire.url, ...more }, database);
  });
  /** Alice's phone is on node one, Bob's on node two, and they talk. */
  beforeEach(async () => {
    [alice, bob] = [await one.phone('alice'), await two.phone('bob')];
    callId = await alice.calls('bob');
    await bob.hears('call:incoming', ({ call }) => call.callId === callId);
    expect(await bob.say('call:answer', { callId })).toMatchObject({ ok: true });
    await alice.hears('call:answered', ({ call }) => call.callId === callId);
  });
  afterEach(async () => {
    await alice.say('call:end', { callId });
    for (const phone of [alice, bob]) phone.disconnect();
  });
  afterAll(async () => {
    for (const observer of observers) observer.disconnect();
    await Promise.all([one.stop(), two.stop()]);
    await wire.close();
    await redis.kill();
    await database.drop();
  });

  const ready = async (...nodes: TestGateway[]): Promise<void> => {
    for (const node of nodes)
      await eventually(
        async () => (await node.http('/health/ready')).body.status as string,
        (status) => status === 'ok',
      );
  };
  const send = (signal: unknown): Promise<Told> => alice.say('call:signal', { callId, signal });

  /** Alice sends one signal after the other while this goes on. @returns those that were acknowledged */
  async function sendWhile(work: () => Promise<void>): Promise<unknown[]> {
    const acknowledged: unknown[] = [];
    let going = true;
    const done = work().finally(() => (going = false));
    for (let nr = 0; going; nr++) {
      const answer = await send(nr);
      if (answer.ok) acknowledged.push(nr);
      else expect(answer.error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    await done;
    return acknowledged;
  }
  const heardByBob = (): unknown[] =>
    bob
      .all('call:signal')
      .filter((told) => told.callId === callId)
      .map(({ signal }) => signal as unknown);

  it('carry every signal that was acknowledged while Redis restarts, in order and once', async () => {
    for (let round = 0; round < 3; round++) {
      const acknowledged = await sendWhile(async () => {
        await redis.kill();
        await redis.restart();
        await ready(one, two);
      });
      expect(await send('last')).toMatchObject({ ok: true });
      await bob.hears('call:signal', (told) => told.callId === callId && told.signal === 'last');
      expect(heardByBob()).toEqual([...acknowledged, 'last']);
      bob.heard.length = 0;
    }
  });

  it('carry them as well when Redis hangs', async () => {
    const acknowledged = await sendWhile(async () => {
      redis.freeze();
      try {
        await eventually(
          async () => (await one.http('/health/ready')).body.status as string,
          (status) => status === 'degraded',
        );
      } finally {
        redis.thaw();
      }
      await ready(one, two);
    });
    await bob.hears('call:signal', (told) => told.callId === callId && told.signal === acknowledged.at(-1));
    expect(heardByBob()).toEqual(acknowledged);
  });

  it('carry them as well when only the node of the device that is to hear them has lost Redis', async () => {
    const acknowledged = await sendWhile(async () => {
      wire.silence();
      await eventually(
        async () => (await two.http('/health/ready')).body.status as string,
        (status) => status === 'degraded',
      );
      wire.heal();
      await ready(two);
    });
    expect(acknowledged.length).toBeGreaterThan(10);
    await bob.hears('call:signal', (told) => told.callId === callId && told.signal === acknowledged.at(-1));
    expect(heardByBob()).toEqual(acknowledged);
  });

  it('say UNAVAILABLE to a signal for a device on the other node, and keep those for a device that is away', async () => {
    await redis.kill();
    await eventually(
      () => send('no'),
      ({ ok }) => !ok,
    );
    expect(await send('no')).toMatchObject({ ok: false, error: { code: 'UNAVAILABLE', retryable: true } });
    bob.disconnect();
    await eventually(
      () => send('kept'),
      ({ ok }) => ok,
    );
    await redis.restart();
    await ready(one, two);
    bob = await two.phone('bob');
    expect((await bob.hears('sync')).signals.map(({ signal }) => signal as unknown)).toContain('kept');
  });

  it('carry what was acknowledged before the device that said it has moved to the other node, and what it says there', async () => {
    redis.freeze();
    const acknowledged: unknown[] = [];
    let moved: Phone;
    try {
      for (const signal of ['one', 'two', 'three']) if ((await send(signal)).ok) acknowledged.push(signal);
      expect(acknowledged).not.toEqual([]);
      alice.loseConnection();
      moved = await two.phone('alice', { deviceId: alice.deviceId });
      const answer = await moved.say('call:signal', { callId, signal: 'from the other node' });
      if (answer.ok) acknowledged.push('from the other node');
      else expect(answer.error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    } finally {
      redis.thaw();
    }
    await ready(one, two);
    alice = moved;
    await eventually(
      () => send('last'),
      ({ ok }) => ok,
    );
    await bob.hears('call:signal', (told) => told.callId === callId && told.signal === 'last');
    expect(heardByBob()).toEqual([...acknowledged, 'last']);
  });

  it('do not believe what was said before and is said again', async () => {
    const [recorder, again] = [new Redis(redis.url), new Redis(redis.url)];
    observers.push(recorder, again);
    const recorded: [string, string][] = [];
    recorder.on('pmessage', (_pattern, channel: string, text: string) => recorded.push([channel, text]));
    await recorder.psubscribe('*');
    const before = bob;
    bob = await one.phone('bob', { deviceId: bob.deviceId });
    await before.hears('disconnect');
    await send('said once');
    await bob.hears('call:signal', ({ signal }) => signal === 'said once');
    await before.hears('session:replaced');
    bob = await two.phone('bob', { deviceId: bob.deviceId });
    await send('said twice');
    await bob.hears('call:signal', ({ signal }) => signal === 'said twice');
    expect(recorded.length).toBeGreaterThan(5);
    for (const [channel, text] of [...recorded]) await again.publish(channel, text);
    await send('after');
    await bob.hears('call:signal', ({ signal }) => signal === 'after');
    expect(bob.all('session:replaced')).toEqual([]);
    expect(heardByBob()).toEqual(['said twice', 'after']);
  });
});
