import { jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { systemClock } from '../../src/time/clock.js';
import { RedisBus } from '../../src/cluster/redis-bus.js';
import type { Presence } from '../../src/presence/presence.js';
import { Log } from '../../src/log/log.js';
import { TestRedis, hasRedis } from '../support/redis.js';
import { read } from '../support/settings.js';
import { until } from '../support/until.js';

const when = hasRedis ? describe : describe.skip;
const SECRET = 'what the nodes of this database share';

when('nodes that talk over Redis', () => {
  let nodes: RedisBus[];
  let redis: TestRedis;
  let stranger: Redis;
  let warnings: [string, Record<string, unknown>][];
  beforeAll(async () => {
    redis = await TestRedis.start();
    stranger = new Redis(redis.url);
  });
  beforeEach(() => {
    [nodes, warnings] = [[], []];
  });
  afterEach(() => {
    for (const node of nodes) node.onModuleDestroy();
  });
  afterAll(async () => {
    stranger.disconnect();
    await redis.kill();
  });

  const node = async (nodeId: string, secret = SECRET): Promise<RedisBus> => {
    const log = new Log('silent');
    log.warn = (message, fields = {}) => void warnings.push([message, fields]);
    const presence = { nodeId, alone: false } as Presence;
    const bus = new RedisBus(read({ REDIS_URL: redis.url }), presence, log, secret, systemClock);
    nodes.push(bus);
    const ready = new Promise<void>((resolve) => bus.onConnected(resolve));
    await bus.onModuleInit();
    await ready;
    return bus;
  };

  it('hear what each has to say, and nothing of one that has only just begun to listen', async () => {
    const [asking, knowing] = [await node('asking'), await node('knowing')];
    await node('new');
    knowing.hear('signals-for', ({ deviceId }: { deviceId: string }) => [`for ${deviceId}`]);
    expect(await asking.ask('signals-for', { deviceId: 'phone' })).toEqual({
      answers: [['for phone']],
      complete: true,
      redisAway: false,
    });
  });

  it('give something to whoever takes it, and know when nobody has', async () => {
    const [giving, taking] = [await node('giving'), await node('taking')];
    await node('other');
    taking.hear('parcel', ({ to }: { to: string }) => to === 'here');
    expect(await giving.hand('parcel', { to: 'here' })).toBe(true);
    expect(await giving.hand('parcel', { to: 'nowhere' })).toBe(false);
  });

  it('never take for granted that they know everything while the others are yet to come back', async () => {
    const lonely = await node('lonely');
    expect(await lonely.ask('arrived', {})).toMatchObject({ answers: [], complete: false });
  });

  it('are asked in vain while Redis hangs, and what they answer when it goes on is not lost', async () => {
    const [asking, knowing] = [await node('asking'), await node('knowing')];
    knowing.hear('arrived', () => 'what it kept');
    const late: unknown[] = [];
    redis.freeze();
    try {
      const asked = await asking.ask('arrived', {}, (answer) => late.push(answer));
      expect(asked).toEqual({ answers: [], complete: false, redisAway: true });
    } finally {
      redis.thaw();
    }
    await until(() => late.length > 0);
    expect(late).toEqual(['what it kept']);
  });

  it('tell a node that is silent from a Redis that is away, once all have had the time to come back to it', async () => {
    const [asking, silent] = [await node('asking'), await node('silent')];
    silent.hear('arrived', () => {
      silent.onModuleDestroy(); // so its answer goes nowhere
    });
    expect(await asking.ask('arrived', {})).toMatchObject({ complete: false, redisAway: true });
    const third = await node('third');
    third.hear('arrived', () => third.onModuleDestroy());
    const now = performance.now.bind(performance);
    const later = jest.spyOn(performance, 'now').mockImplementation(() => now() + 3_000);
    expect(await asking.ask('arrived', {})).toMatchObject({ complete: false, redisAway: false });
    later.mockRestore();
  });

  it('are neither heard nor counted by the nodes of another database on the same Redis', async () => {
    const [asking, knowing, foreign] = [await node('a'), await node('b'), await node('c', 'another secret')];
    const heard: unknown[] = [];
    foreign.hear('question', (payload) => void heard.push(payload));
    knowing.hear('question', () => 'answer');
    expect(await asking.ask('question', {})).toMatchObject({ answers: ['answer'], complete: true });
    expect(await foreign.ask('question', {})).toMatchObject({ answers: [] });
    expect([heard, warnings]).toEqual([[], []]);
  });

  it('complain once about a flood of what they cannot open, and count none of it as an answer', async () => {
    const [asking, knowing] = [await node('one'), await node('two')];
    const channels = (await stranger.pubsub('CHANNELS', 'ringway:*')) as string[];
    expect(channels).toHaveLength(3);
    expect(channels.join()).not.toContain(SECRET);
    knowing.hear('question', () => 'heard');
    const flood = Promise.all(
      channels.flatMap((channel) =>
        Array.from({ length: 50 }, (_, nr) => stranger.publish(channel, `node-${nr} bm9uc2Vuc2U=`)),
      ),
    );
    expect(await asking.ask('question', {})).toMatchObject({ complete: true });
    await flood;
    await until(() => warnings.length >= 2);
    expect(warnings.map(([, fields]) => Object.keys(fields))).toEqual(Array(2).fill(['reason', 'unsaid']));
    expect(JSON.stringify(warnings)).not.toMatch(/\bat .*[.]ts/);
  });
});
