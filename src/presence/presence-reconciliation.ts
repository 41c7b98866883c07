import type { Pool } from 'pg';

export interface Connection {
  userId: string;
  deviceId: string;
  connectionId: string;
  appState: 'foreground' | 'background';
}

/** Longer than a statement may take: what a younger row says is newer than what this node compares it with. */
const SETTLED_MS = 10_000;

/**
 * The table as this node's connections say it should be. A statement that was given up may still be carried out when
 * PostgreSQL is back, after those that followed it; without this a connection that has long been gone would stay in the
 * table. Rows that are young by PostgreSQL's clock are left alone: devices come and go while the statement is on its way.
 * @returns the connections it may have put into the table
 */
export async function reconcile(
  pool: Pool,
  nodeId: string,
  connections: readonly Connection[],
): Promise<readonly Connection[]> {
  const { rows } = await pool.query<{ count: number; sum: string }>({
    name: 'presence_fingerprint',
    text: `select count(*)::int as count, coalesce(sum(('x' || left(connection_id, 8))::bit(32)::int), 0) as sum
             from sessions where node_id = $1`,
    values: [nodeId],
  });
  const mine = newest(connections);
  const sum = mine.reduce((total, { connectionId }) => total + fingerprintOf(connectionId), 0);
  if (rows[0]!.count === mine.length && Number(rows[0]!.sum) === sum) return [];
  await pool.query(RECONCILE, [nodeId, SETTLED_MS, ...columns(mine), mine.map(({ appState }) => appState)]);
  return mine;
}

/**
 * Linear whatever PostgreSQL believes the tables hold: a hashed NOT IN, and a look-up by key per connection. A join may
 * become a loop over 10,000 times 10,000 when all sockets have just moved here. Without a name, so that it is planned
 * for what is there now.
 */
const RECONCILE = `
with given as (select * from unnest($3::text[], $4::text[], $5::text[], $6::text[]) x(u, d, c, s)),
stale as (
  delete from sessions where node_id = $1 and since < clock_timestamp() - $2::int * interval '1 millisecond'
     and (user_id, device_id) not in (select u, d from given))
insert into sessions as mine (user_id, device_id, connection_id, node_id, app_state, since)
select u, d, c, $1, s, clock_timestamp() from given
 where c is distinct from (select connection_id from sessions where user_id = u and device_id = d)
 order by u, d
on conflict (user_id, device_id) do update
   set connection_id = excluded.connection_id, app_state = excluded.app_state, since = excluded.since
 where mine.node_id = $1 and mine.since < clock_timestamp() - $2::int * interval '1 millisecond'`;

/** The same figure the statement makes of a connection's UUID. */
const fingerprintOf = (connectionId: string): number => parseInt(connectionId.slice(0, 8), 16) | 0;

/** Of each device the connection that came last. */
export const newest = (connections: readonly Connection[]): Connection[] => [
  ...new Map(connections.map((connection) => [keyOf(connection), connection])).values(),
];

export const keyOf = ({ userId, deviceId }: { userId: string; deviceId: string }): string =>
  `${deviceId} ${userId}`;

export const columns = (connections: readonly Connection[]): string[][] => [
  connections.map(({ userId }) => userId),
  connections.map(({ deviceId }) => deviceId),
  connections.map(({ connectionId }) => connectionId),
];
