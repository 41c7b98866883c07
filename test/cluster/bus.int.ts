import { systemClock } from '../../src/clock.js';
import { Bus } from '../../src/cluster/bus.js';
import type { Presence } from '../../src/devices/presence.js';
import { Log } from '../../src/operations/log.js';
import { TestRedis, hasRedis } from '../support/redis.js';
import { read } from '../support/settings.js';

const when = hasRedis ? describe : describe.skip;

when('nodes that talk over Redis', () => {
  const nodes: Bus[] = [];
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(async () => {
    for (const node of nodes) node.onModuleDestroy();
    await redis.kill();
  });

  const node = async (nodeId: string): Promise<Bus> => {
    const secret = 'what the nodes of this database share';
    const bus = new Bus(
      read({ REDIS_URL: redis.url }),
      { nodeId } as Presence,
      new Log('silent'),
      secret,
      systemClock,
    );
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
    });
  });
});
