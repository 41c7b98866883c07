import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { eventually, request } from '../../support/gateway.js';
import { TestRedis, hasRedis } from '../../support/redis.js';
import { RoamingPhone } from '../../support/roaming-phone.js';
import { GatewayChild } from '../../support/gateway-child.js';

const PAIRS = 6;

describe('two nodes that are restarted one after the other under load', () => {
  let database: TestDatabase;
  let redis: TestRedis | null = null;
  const nodes: GatewayChild[] = [];
  const urls: string[] = [];
  const start = (port = '0'): GatewayChild =>
    new GatewayChild({
      ...{ NODE_ENV: 'test', DEMO: '1', PORT: port, DATABASE_URL: database.url },
      ...{ RATE_LIMIT_CALLS_PER_MINUTE: '100000', ...(redis ? { REDIS_URL: redis.url } : {}) },
    });
  beforeAll(async () => {
    database = await freshDatabase();
    if (hasRedis) redis = await TestRedis.start();
    nodes.push(start(), start());
    urls.push(...(await Promise.all(nodes.map((node) => node.ready()))));
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.send('SIGKILL')));
    await redis?.kill();
    await database.drop();
  });

  it('lose no call and no acknowledged command', async () => {
    /** What phones were told to be so. */
    const acknowledged: { callId: string; type: string }[] = [];
    let calls = 0;
    let running = true;
    const phones: RoamingPhone[] = [];
    const tokens = new Map<string, string>();
    for (const userId of Array.from({ length: PAIRS }, (_, nr) => [`caller-${nr}`, `callee-${nr}`]).flat()) {
      tokens.set(userId, (await request(urls[0]!, '/v1/dev/tokens', { body: { userId } })).body.token);
    }
    const phone = (userId: string, nr: number, ring?: (callId: string) => void): RoamingPhone => {
      const auth = { token: tokens.get(userId)!, deviceId: `${userId}-phone` };
      const made = new RoamingPhone(urls, auth, ring && (({ callId }) => ring(callId)), nr);
      phones.push(made);
      return made;
    };
    const command = async (by: RoamingPhone, event: string, type: string, payload: object): Promise<void> => {
      const answer = await by.say(event, payload);
      expect(answer).toMatchObject({ ok: true });
      acknowledged.push({ callId: answer.call.callId, type });
    };
    const pair = async (nr: number): Promise<void> => {
      const answers: Promise<void>[] = [];
      const callee = phone(`callee-${nr}`, nr + 1, (callId) => {
        const answered = command(callee, 'call:answer', 'CallAnswered', { callId });
        answered.catch(() => undefined); // awaited below
        answers.push(answered);
      });
      const caller = phone(`caller-${nr}`, nr);
      await callee.welcomed;
      while (running) {
        const callId = randomUUID();
        const initiation = { callId, callee: `callee-${nr}`, media: 'voice' };
        await command(caller, 'call:initiate', 'CallInitiated', initiation);
        await caller.sees(callId, ({ state }) => state === 'answered');
        await Promise.all(answers.splice(0));
        await command(caller, 'call:end', 'CallEnded', { callId });
        await callee.sees(callId, ({ state }) => state === 'ended');
        calls++;
      }
    };
    const load = Promise.all(Array.from({ length: PAIRS }, (_, nr) => pair(nr)));
    const broken = load.then(
      () => new Promise<never>(() => undefined),
      (error: unknown) => Promise.reject(error as Error),
    );
    const restart = async (): Promise<void> => {
      await eventually(
        () => Promise.resolve(calls),
        (made) => made >= PAIRS,
      );
      for (const [index, node] of nodes.entries()) {
        const before = calls;
        const since = Date.now();
        expect(await node.send('SIGTERM')).toMatchObject({ code: 0, signal: null, complaint: [] });
        expect(Date.now() - since).toBeLessThan(10_000);
        expect(calls).toBeGreaterThan(before); // the other node carries on meanwhile
        nodes[index] = start(new URL(urls[index]!).port);
        await nodes[index].ready();
      }
    };
    await Promise.race([restart(), broken]);
    running = false;
    await load;
    for (const one of phones) one.hangUp();

    const client = new pg.Client(database.url);
    await client.connect();
    const { rows } = await client.query<{ stream_id: string; type: string }>(
      'select stream_id, type from events',
    );
    await client.end();
    const recorded = rows.map(({ stream_id, type }) => `${stream_id} ${type}`);
    const told = new Set(acknowledged.map(({ callId, type }) => `call-${callId} ${type}`));
    expect(told.size).toBe(3 * calls);
    expect([...told].filter((one) => !recorded.includes(one))).toEqual([]);
    // Nothing twice, and every call there is went all the way.
    const ends = recorded.filter((one) => one.endsWith('CallEnded'));
    expect([ends.length, new Set(ends).size]).toEqual([calls, calls]);
  });
});
