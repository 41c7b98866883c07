import { randomUUID } from 'node:crypto';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { type Connection, Presence } from '../../src/devices/presence.js';
import { Log } from '../../src/operations/log.js';
import { givenStore, until } from '../event-store/given-store.js';

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

  /** As a statement does that was given up and is carried out all the same. */
  const overwrite = (userId: string, connectionId: string): Promise<unknown> =>
    given.rows(
      `insert into sessions values ($1, 'phone', $2, $3, 'foreground', clock_timestamp())
       on conflict (user_id, device_id) do update set connection_id = excluded.connection_id`,
      [userId, connectionId, presence.nodeId],
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
