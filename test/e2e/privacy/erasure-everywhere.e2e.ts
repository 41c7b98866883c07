import { jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Feed } from '../../../src/cluster/event-feed.js';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { everythingStored } from '../../support/everything.js';
import { type TestGateway, eventually, request, testGateway } from '../../support/gateway.js';
import { type PushingGateway, pushingGateway } from '../../support/pushing.js';
import { TestRedis, hasRedis } from '../../support/redis.js';
import { CANARY, METADATA, NAME, pastCall } from '../../support/canary-call.js';

describe.each(hasRedis ? ['without Redis', 'with Redis'] : ['without Redis'])('two nodes %s', (how) => {
  let redis: TestRedis | null = null;
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;
  beforeAll(async () => {
    redis = how === 'with Redis' ? await TestRedis.start() : null;
    const env: Record<string, string> = redis ? { REDIS_URL: redis.url } : {};
    database = await freshDatabase();
    one = await testGateway(env, database);
    two = await testGateway(env, database);
  });
  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
    await redis?.kill();
    await database.drop();
  });

  it('forget as one, and remember as one whoever comes back', async () => {
    const alice = await one.phone('alice', { name: NAME });
    const bob = await two.phone('bob');
    const past = await pastCall(alice, bob);
    const callId = await alice.calls('bob', { metadata: METADATA });
    await bob.hears('call:incoming', ({ call }) => call.callId === callId);
    // The node Bob is connected to has all of it in memory.
    expect((await one.http('/v1/me', { as: 'alice', method: 'DELETE' })).status).toBe(204);
    expect((await two.http(`/v1/calls/${past}`, { as: 'bob' })).text).not.toMatch(CANARY);
    expect((await two.http('/v1/calls', { as: 'bob' })).text).not.toMatch(CANARY);
    const { call } = await bob.hears('call:ended', (told) => told.call.callId === callId);
    expect(call).toMatchObject({ endReason: 'participant_erased', caller: { name: null }, metadata: {} });

    const again = await two.phone('alice', { name: 'A new Alice', deviceId: 'new' });
    const first = await again.calls('bob');
    await again.say('call:cancel', { callId: first });
    expect((await one.http(`/v1/calls/${first}`, { as: 'bob' })).body.caller.name).toBe('A new Alice');
  });

  it('close the sockets of the erased on both', async () => {
    const here = await one.phone('carol', { deviceId: 'here' });
    const there = await two.phone('carol', { deviceId: 'there' });
    await one.http('/v1/me', { as: 'carol', method: 'DELETE' });
    for (const phone of [here, there]) {
      await phone.hears('session:expired');
      await phone.hears('disconnect');
    }
  });

  it('seal with the new key wherever the user comes back, also where the old one was in use', async () => {
    const dave = await two.phone('dave', { name: 'Dave' });
    const erin = await two.phone('erin');
    await pastCall(dave, erin);
    await one.http('/v1/me', { as: 'dave', method: 'DELETE' });
    await dave.hears('disconnect'); // now this node has heard of it
    const again = await two.phone('dave', { name: 'Dave again' });
    const callId = await again.calls('erin');
    expect((await one.http(`/v1/calls/${callId}`, { as: 'erin' })).body.caller.name).toBe('Dave again');
  });
});

const withRedis = hasRedis ? describe : describe.skip;
withRedis('an erasure on another node', () => {
  let redis: TestRedis;
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;
  beforeAll(async () => {
    // Neither node looks for news by itself: what it hears, it was told.
    jest.spyOn(Feed.prototype, 'look').mockImplementation(() => undefined);
    redis = await TestRedis.start();
    database = await freshDatabase();
    one = await testGateway({ REDIS_URL: redis.url }, database);
    two = await testGateway({ REDIS_URL: redis.url }, database);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await Promise.all([one.stop(), two.stop()]);
    await redis.kill();
    await database.drop();
  });

  it('ends the sockets of the user there at once, who had no call that would tell of it', async () => {
    const there = await two.phone('carol');
    expect((await one.http('/v1/me', { as: 'carol', method: 'DELETE' })).status).toBe(204);
    await there.hears('session:expired');
    await there.hears('disconnect');
  });
});

describe('an erasure', () => {
  it('outlives a restart', async () => {
    const database = await freshDatabase();
    const first = await testGateway({}, database);
    const callId = await pastCall(
      await first.phone('alice', { name: NAME }),
      await first.phone('bob', { name: 'Bob' }),
    );
    await first.http('/v1/me', { as: 'alice', method: 'DELETE' });
    await first.stop();
    const second = await testGateway({}, database);
    expect((await second.http(`/v1/calls/${callId}`, { as: 'bob' })).body).toMatchObject({
      ...{ caller: { userId: 'alice', name: null }, callee: { name: 'Bob' }, metadata: {} },
    });
    await second.stop();
    await database.drop();
  });

  it("is told to the app's backend, which gets nothing personal that it was not told before", async () => {
    const told: { type: string; data: Record<string, unknown> }[] = [];
    let open = false;
    const backend = createServer((message, response) => {
      let text = '';
      message.on('data', (part: Buffer) => (text += part.toString()));
      message.on('end', () => {
        if (open) told.push(JSON.parse(text) as (typeof told)[number]);
        response.writeHead(open ? 204 : 503).end();
      });
    }).listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`;
    const gateway = await testGateway({ WEBHOOK_URL: url, WEBHOOK_SECRET: 'shared with the backend' });
    const алиса = await gateway.phone('алиса', { name: NAME, deviceId: 'one' });
    const bob = await gateway.phone('bob');
    await pastCall(алиса, bob);
    await gateway.http('/v1/me', { as: 'алиса', method: 'DELETE' });
    open = true;
    await eventually(
      () => Promise.resolve(told.map(({ type }) => type)),
      (types) => types.includes('UserErased'),
    );
    expect(told.find(({ type }) => type === 'UserErased')!.data).toEqual({ userId: 'алиса' });
    expect(told.find(({ type }) => type === 'CallInitiated')!.data).toMatchObject({ metadata: {} });
    expect(JSON.stringify(told)).not.toMatch(CANARY);
    await gateway.stop();
    backend.closeAllConnections();
    backend.close();
  });
});

describe('an erasure while phones are asleep', () => {
  let gateway: PushingGateway;
  beforeAll(async () => {
    gateway = await pushingGateway();
  });
  afterAll(() => gateway.stop());

  it('silences the Android that was woken by the user who is gone', async () => {
    const pixel = await gateway.android('bob');
    const alice = await gateway.phone('alice', { name: NAME });
    const callId = await alice.calls('bob');
    const pushes = () => Promise.resolve(gateway.simulator.delivered(pixel.token));
    await gateway.eventually(pushes, ({ length }) => length === 1);
    await gateway.http('/v1/me', { as: 'alice', method: 'DELETE' });
    const [, over] = await gateway.eventually(pushes, ({ length }) => length === 2);
    expect(JSON.stringify(over)).toMatch(new RegExp(`call-over.*${callId}|${callId}.*call-over`));
    expect(JSON.stringify(over)).toContain('failed');
    expect(JSON.stringify(over)).not.toMatch(CANARY);
  });

  it('leaves no push token behind', async () => {
    const { token } = await gateway.iphone('carol');
    const tokens = async (): Promise<string[]> =>
      (await everythingStored(gateway.database.url)).filter((row) => row.includes(token));
    expect(await tokens()).toHaveLength(1);
    const { status } = await request(gateway.url, '/v1/me', {
      ...{ method: 'DELETE', token: await gateway.token('carol') },
    });
    expect(status).toBe(204);
    expect(await tokens()).toEqual([]);
  });
});
