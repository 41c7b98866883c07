import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';

interface Told {
  id: string;
  type: string;
  callId: string | null;
  version: number;
  streamId: string;
  position: number;
}

describe('the backend of the app', () => {
  let backend: Server;
  let database: TestDatabase;
  let told: Told[];
  /** How it answers, and after how long. */
  let answer: { status: (event: Told) => number; ms: number };
  let inHand: { now: number; most: number };
  let webhook: Record<string, string>;
  const running: TestGateway[] = [];

  beforeEach(async () => {
    [told, answer, inHand] = [[], { status: () => 204, ms: 0 }, { now: 0, most: 0 }];
    backend = createServer((message, response) => {
      inHand.most = Math.max(inHand.most, ++inHand.now);
      let text = '';
      message.on('data', (part: Buffer) => (text += part.toString()));
      message.on('end', () => {
        const event = JSON.parse(text) as Told;
        told.push(event);
        setTimeout(() => {
          inHand.now--;
          response.writeHead(answer.status(event)).end();
        }, answer.ms);
      });
    }).listen(0, '127.0.0.1');
    await once(backend, 'listening');
    webhook = {
      WEBHOOK_URL: `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`,
      WEBHOOK_SECRET: 'shared with the backend',
    };
    database = await freshDatabase();
  });
  afterEach(async () => {
    for (const gateway of running.splice(0)) await gateway.stop();
    backend.closeAllConnections();
    backend.close();
    await database.drop();
  });
  const start = async (env: Record<string, string> = webhook): Promise<TestGateway> => {
    const gateway = await testGateway(env, database);
    running.push(gateway);
    return gateway;
  };
  const stop = async (): Promise<void> => running.pop()!.stop();
  /** Calls of so many pairs of users, each answered and ended. */
  const calls = async (gateway: TestGateway, count: number): Promise<string[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, nr) => {
        const [caller, callee] = await Promise.all([gateway.phone(`a${nr}`), gateway.phone(`b${nr}`)]);
        const callId = await caller.calls(`b${nr}`);
        await callee.say('call:answer', { callId });
        await caller.say('call:end', { callId });
        return callId;
      }),
    );
  const ends = (): string[] => told.filter(({ type }) => type === 'CallEnded').map(({ callId }) => callId!);
  const hears = (callIds: string[]) =>
    eventually(
      async () => ends(),
      (ended) => callIds.every((callId) => ended.includes(callId)),
    );

  it('hears of each call in order, of several at once, and of everything once', async () => {
    answer.ms = 40;
    const callIds = await calls(await start(), 12);
    await hears(callIds);
    for (const callId of callIds) {
      const heard = told.filter((event) => event.callId === callId);
      expect(heard.map(({ position }) => position)).toEqual(
        heard.map(({ position }) => position).sort((a, b) => a - b),
      );
      expect(heard.filter(({ streamId }) => streamId.startsWith('call-')).map(({ type }) => type)).toEqual(
        expect.arrayContaining(['CallInitiated', 'CallAnswered', 'CallEnded']),
      );
    }
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
    expect(inHand.most).toBeGreaterThan(1);
    expect(inHand.most).toBeLessThanOrEqual(8);
  });

  it('is not told the past when webhooks are switched on, and later everything that happened without them', async () => {
    const [before] = await calls(await start({}), 1);
    await stop();
    const [first] = await calls(await start(), 1);
    await hears([first!]);
    expect(told.filter(({ callId }) => callId === before)).toEqual([]);
    await stop();
    const [meanwhile] = await calls(await start({}), 1);
    await stop();
    await start();
    await hears([meanwhile!]);
    expect(told.filter(({ callId }) => callId === before)).toEqual([]);
  });

  it('that refuses an event gets it again after growing pauses, and none of those before it', async () => {
    const gateway = await start();
    const [earlier] = await calls(gateway, 1);
    await hears([earlier!]);
    const refused: number[] = [];
    answer.status = ({ type }) => {
      if (type !== 'CallAnswered' || refused.length > 2) return 204;
      refused.push(performance.now());
      return 500;
    };
    told.length = 0;
    const alice = await gateway.phone('alice');
    const bob = await gateway.phone('bob');
    const callId = await alice.calls('bob');
    await bob.say('call:answer', { callId });
    await alice.say('call:end', { callId });
    await hears([callId]);
    const heard = told.filter(({ streamId }) => streamId === `call-${callId}`).map(({ type }) => type);
    const once = heard.filter((type) => type !== 'CallAnswered');
    expect(once).toEqual([...new Set(once)]);
    expect(heard.filter((type) => type === 'CallAnswered')).toHaveLength(4);
    expect(heard.at(-1)).toBe('CallEnded');
    // 0.5 s and 1 s, each less up to its half.
    expect(refused[1]! - refused[0]!).toBeGreaterThan(240);
    expect(refused[2]! - refused[1]!).toBeGreaterThan(490);
  });

  it('hears of an erasure only when it has answered everything before, and of nothing beside it', async () => {
    answer.ms = 40;
    const gateway = await start();
    const callIds = await calls(gateway, 6);
    await gateway.http('/v1/me', { as: 'a0', method: 'DELETE' });
    await calls(gateway, 2);
    const erasure = await eventually(
      async () => told.find(({ type }) => type === 'UserErased'),
      (event) => event !== undefined,
    );
    const before = told.slice(0, told.indexOf(erasure!));
    expect(Math.max(...before.map(({ position }) => position))).toBeLessThan(erasure!.position);
    expect(
      before.filter(({ type, callId }) => type === 'CallEnded' && callIds.includes(callId!)),
    ).toHaveLength(6);
  });
});
