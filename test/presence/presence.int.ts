import { randomUUID } from 'node:crypto';
import type { QueryConfig } from 'pg';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { type Connection, Presence } from '../../src/presence/presence.js';
import { Log } from '../../src/log/log.js';
import { appendToNew, givenStore } from '../event-store/given-store.js';
import { until } from '../support/until.js';

const given = givenStore();

const connectionOf = (userId: string): Connection => ({
  ...{ userId, deviceId: 'phone', connectionId: randomUUID(), appState: 'foreground' },
});
const idsOf = async (userId: string): Promise<string[]> => {
  const text = 'select connection_id from sessions where user_id = $1';
  return (await given.rows<{ connection_id: string }>(text, [userId])).map((row) => row.connection_id);
};
const newUser = (): string => `user-${randomUUID()}`;

describe('the presence of a node', () => {
  let presence: Presence;
  beforeAll(async () => {
    presence = new Presence(given.pool, new DatabaseClock(), given.store, new Log('silent'));
    await presence.onModuleInit();
  });
  afterAll(() => presence.onModuleDestroy());

  /** As a statement did that was given up and was carried out all the same, a while ago. */
  const overwrite = (userId: string, connectionId: string, secondsAgo = 60): Promise<unknown> =>
    given.rows(
      `insert into sessions values ($1, 'phone', $2, $3, 'foreground', clock_timestamp() - $4 * interval '1 second')
       on conflict (user_id, device_id) do update set connection_id = excluded.connection_id, since = excluded.since`,
      [userId, connectionId, presence.nodeId, secondsAgo],
    );

  it('does not keep a connection that was gone before its arrival was recorded', async () => {
    const connections = Array.from({ length: 50 }, () => connectionOf(newUser()));
    await Promise.all(connections.flatMap((one) => [presence.arrived(one), presence.left(one)]));
    const rows = await Promise.all(connections.map(({ userId }) => idsOf(userId)));
    expect(rows.flat()).toEqual([]);
  });

  it('does not bring a connection back that says something after it has gone', async () => {
    const connection = connectionOf(newUser());
    await presence.arrived(connection);
    await presence.left(connection);
    await presence.arrived(connection);
    expect(await idsOf(connection.userId)).toEqual([]);
  });

  it('gets rid of a connection that is recorded and does not exist', async () => {
    const userId = newUser();
    await overwrite(userId, randomUUID());
    await until(async () => (await idsOf(userId)).length === 0);
  }, 30_000);

  it('finds a connection again whose record was overwritten by an older one', async () => {
    const connection = connectionOf(newUser());
    await presence.arrived(connection);
    await overwrite(connection.userId, randomUUID());
    await until(async () => (await idsOf(connection.userId))[0] === connection.connectionId);
  }, 30_000);

  it('leaves the connections of other nodes alone', async () => {
    const mine = connectionOf(newUser());
    await presence.arrived(mine);
    const elsewhere = randomUUID();
    await given.rows('update sessions set connection_id = $2, node_id = $3 where user_id = $1', [
      ...[mine.userId, elsewhere, randomUUID()],
    ]);
    const stray = newUser();
    await overwrite(stray, randomUUID());
    await until(async () => (await idsOf(stray)).length === 0); // it has looked
    expect(await idsOf(mine.userId)).toEqual([elsewhere]);
  }, 30_000);
});

describe('a look at the table', () => {
  /** A node that does something at the moment its statement leaves for PostgreSQL. */
  const whoseLook = async (before: (presence: Presence) => Promise<unknown>, log = new Log('silent')) => {
    const query = async (config: string | QueryConfig, values?: unknown[]): Promise<unknown> => {
      if ((typeof config === 'string' ? config : config.text).includes('stale as')) await before(presence);
      return given.pool.query(config as string, values);
    };
    const pool = new Proxy(given.pool, {
      get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) as unknown,
    });
    const presence = new Presence(pool, new DatabaseClock(), given.store, log);
    await presence.onModuleInit();
    return presence;
  };
  /** Something that is not as it should be, so that the node does more than count. */
  const stray = async ({ nodeId }: Presence): Promise<string> => {
    const userId = newUser();
    await given.rows(
      `insert into sessions values ($1, 'phone', $2, $3, 'foreground', clock_timestamp() - interval '1 minute')`,
      [userId, randomUUID(), nodeId],
    );
    return userId;
  };

  it('keeps a device that connects meanwhile, and one that comes back on another connection', async () => {
    const [older, newcomer] = [connectionOf(newUser()), connectionOf(newUser())];
    const newer = { ...older, connectionId: randomUUID() };
    const presence = await whoseLook((node) => Promise.all([node.arrived(newcomer), node.arrived(newer)]));
    await presence.arrived(older);
    const found = await stray(presence);
    await until(async () => (await idsOf(found)).length === 0);
    expect(await idsOf(newcomer.userId)).toEqual([newcomer.connectionId]);
    expect(await idsOf(older.userId)).toEqual([newer.connectionId]);
    await presence.onModuleDestroy();
  }, 30_000);

  it('does not bring back who leaves meanwhile', async () => {
    const leaver = connectionOf(newUser());
    const presence = await whoseLook((node) => node.left(leaver));
    await presence.arrived(leaver);
    const found = await stray(presence);
    await until(async () => (await idsOf(found)).length === 0);
    await until(async () => (await idsOf(leaver.userId)).length === 0);
    await presence.onModuleDestroy();
  }, 30_000);

  it('that fails stops neither the clock nor the head of the feed', async () => {
    const log = new Log('silent');
    const warned: string[] = [];
    log.warn = (message) => void warned.push(message);
    const presence = await whoseLook(() => Promise.reject(new Error('canceling statement')), log);
    const before = presence.recentHead;
    await stray(presence);
    await until(() => warned.length > 0);
    await given.store.append(appendToNew());
    await until(() => presence.recentHead!.transactionId !== before!.transactionId);
    expect(new Set(warned)).toEqual(
      new Set(['presence could not be compared with the table; it is with the next renewal']),
    );
    await presence.onModuleDestroy();
  }, 30_000);
});
