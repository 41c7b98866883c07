import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Pool } from 'pg';
import { Batch } from '../concurrency/batch.js';
import { DatabaseClock } from '../database/database-clock.js';
import { CONTROL_POOL } from '../database/pools.js';
import { type Cursor, EventStore } from '../event-store/event-store.js';
import { Log } from '../log/log.js';
import { type Connection, columns, keyOf, newest, reconcile } from './presence-reconciliation.js';

export type { Connection } from './presence-reconciliation.js';

const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** How long a device may take from a node that stops to the next one. */
const RETURN_MS = 3_000;
const BATCH = { size: 500, concurrency: 1 };

/**
 * Who is connected where: a table of connections under their node's lease. It decides who is pushed at once; whether a
 * socket is really alive is only known once it has acknowledged a ring.
 */
@Injectable()
export class Presence implements OnModuleInit, OnModuleDestroy {
  /** This node's name for as long as the process lives. */
  readonly nodeId = randomUUID();
  private readonly arrivals: Batch<Connection, string | null>;
  private readonly counts: Batch<{ userId: string; deviceId: string }, number>;
  private readonly places: Batch<{ userId: string; deviceId: string }, boolean>;
  private readonly departures: Batch<Connection, void>;
  private timer: NodeJS.Timeout | null = null;
  private heads: Cursor[] = [];
  /** No other node has a lease. */
  alone = true;
  private renewing: Promise<void> = Promise.resolve();
  private known = false;
  private leaving = false;
  private whenLost: () => void = () => undefined;
  /** This node's connections, as the table should have them. */
  private readonly connected = new Map<string, Connection>();
  private readonly arriving = new WeakMap<Connection, Promise<unknown>>();
  private readonly gone = new WeakSet<Connection>();

  constructor(
    @Inject(CONTROL_POOL) private readonly pool: Pool,
    private readonly clock: DatabaseClock,
    private readonly store: EventStore,
    private readonly log: Log,
  ) {
    this.arrivals = new Batch(BATCH, (connections) => this.upsert(connections));
    this.counts = new Batch(BATCH, (devices) => this.countElsewhere(devices));
    this.places = new Batch(BATCH, (devices) => this.areElsewhere(devices));
    this.departures = new Batch(BATCH, (connections) => this.remove(connections));
  }

  async onModuleInit(): Promise<void> {
    await this.renew();
    const tick = (): void => {
      this.renewing = this.renew().catch((error: unknown) =>
        this.log.warnRarely('the node lease could not be renewed', { error }),
      );
    };
    this.timer = setInterval(tick, RENEW_MS);
  }

  /**
   * This node is going. Its devices are on their way to another one, and who calls them in between is not told that they
   * cannot be reached: they find the call in their next sync.
   */
  leave(): void {
    this.leaving = true;
  }

  /** A graceful end: nobody has to wait for the whole lease to run out. */
  async onModuleDestroy(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.renewing;
    if (this.leaving) {
      const text = `update nodes set lease_until = clock_timestamp() + $2 * interval '1 millisecond' where node_id = $1`;
      await this.pool
        .query(text, [this.nodeId, RETURN_MS])
        .catch((error: unknown) => this.log.warn('the node lease could not be given up', { error }));
      return;
    }
    await this.pool
      .query('with gone as (delete from nodes where node_id = $1) delete from sessions where node_id = $1', [
        this.nodeId,
      ])
      .catch((error: unknown) => this.log.warn('presence could not be cleared', { error }));
  }

  /** Called when this node was away from PostgreSQL for so long that the others have removed it and its connections. */
  onLost(listener: () => void): void {
    this.whenLost = listener;
  }

  /** A cursor from at least one renewal ago: behind everything a node that has just joined may have recorded. */
  get recentHead(): Cursor | null {
    return this.heads[0] ?? null;
  }

  /**
   * The device is connected here, or its app state changed. The newest connection of a device counts.
   * @returns the other node that has held the device until now, if any
   */
  arrived(connection: Connection): Promise<string | null> {
    if (this.gone.has(connection)) return Promise.resolve(null);
    this.connected.set(connection.connectionId, connection);
    const arriving = this.arrivals.add(connection);
    this.arriving.set(connection, arriving);
    return arriving;
  }

  /** How many other devices of the user are connected to other nodes; a guess of none when nobody can say. */
  async connectionsElsewhere(userId: string, deviceId: string): Promise<number> {
    if (this.alone) return 0;
    return this.counts.add({ userId, deviceId }).catch(() => 0);
  }

  /** Whether the device is connected to another node, as far as PostgreSQL knows. */
  isElsewhere({ userId, deviceId }: { userId: string; deviceId: string }): Promise<boolean> {
    return this.places.add({ userId, deviceId });
  }

  /** A connection is gone; ignored when the device has a newer one. Never overtakes its own arrival. */
  async left(connection: Connection): Promise<void> {
    this.gone.add(connection);
    this.connected.delete(connection.connectionId);
    if (this.leaving) return;
    await this.arriving.get(connection)?.catch(() => undefined);
    await this.departures.add(connection);
  }

  /** Sockets of this node, of all nodes whose lease runs, and how many nodes those are. */
  async liveSockets(): Promise<{ node: number; cluster: number; nodes: number }> {
    const { rows } = await this.pool.query<{ node: number; cluster: number; nodes: number }>({
      name: 'live_sockets',
      text: `with alive as (select node_id from nodes where lease_until > clock_timestamp()),
                  held as (select node_id from sessions where node_id in (select node_id from alive))
             select (select count(*)::int from held where node_id = $1) as node,
                    (select count(*)::int from held) as cluster, (select count(*)::int from alive) as nodes`,
      values: [this.nodeId],
    });
    return rows[0]!;
  }

  private async upsert(connections: Connection[]): Promise<(string | null)[]> {
    // A device that comes twice in one batch: only its last state can be inserted.
    const last = newest(connections);
    const { rows } = await this.pool.query<{ user_id: string; device_id: string; before: string | null }>({
      name: 'presence_arrived',
      text: `with given as (
               select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) x(u, d, c, s) order by u, d),
             before as (
               select user_id, device_id, node_id from sessions join given on user_id = u and device_id = d),
             seen as (
               update devices set last_seen_at = clock_timestamp() from given where user_id = u and device_id = d),
             arrived as (
               insert into sessions (user_id, device_id, connection_id, node_id, app_state, since)
               select u, d, c, $5, s, clock_timestamp() from given
               on conflict (user_id, device_id) do update
                 set connection_id = excluded.connection_id, node_id = excluded.node_id,
                     app_state = excluded.app_state, since = excluded.since)
             select user_id, device_id, node_id as before from before where node_id <> $5`,
      values: [...columns(last), last.map(({ appState }) => appState), this.nodeId],
    });
    const before = new Map(
      rows.map((row) => [keyOf({ userId: row.user_id, deviceId: row.device_id }), row.before]),
    );
    return connections.map((connection) => before.get(keyOf(connection)) ?? null);
  }

  private async countElsewhere(devices: { userId: string; deviceId: string }[]): Promise<number[]> {
    const { rows } = await this.pool.query<{ count: number }>({
      name: 'presence_elsewhere',
      text: `select (select count(*) from sessions s join nodes n using (node_id)
                      where s.user_id = u and s.device_id <> d and s.node_id <> $3
                        and n.lease_until > clock_timestamp())::int as count
               from unnest($1::text[], $2::text[]) with ordinality x(u, d, nr) order by nr`,
      values: [devices.map(({ userId }) => userId), devices.map(({ deviceId }) => deviceId), this.nodeId],
    });
    return rows.map(({ count }) => count);
  }

  private async areElsewhere(devices: { userId: string; deviceId: string }[]): Promise<boolean[]> {
    const { rows } = await this.pool.query<{ elsewhere: boolean }>({
      name: 'presence_places',
      text: `select exists (select from sessions s join nodes n using (node_id)
                             where s.user_id = u and s.device_id = d and s.node_id <> $3
                               and n.lease_until > clock_timestamp()) as elsewhere
               from unnest($1::text[], $2::text[]) with ordinality x(u, d, nr) order by nr`,
      values: [devices.map(({ userId }) => userId), devices.map(({ deviceId }) => deviceId), this.nodeId],
    });
    return rows.map(({ elsewhere }) => elsewhere);
  }

  private async remove(connections: Connection[]): Promise<void[]> {
    await this.pool.query({
      name: 'presence_left',
      text: `delete from sessions s using unnest($1::text[], $2::text[], $3::text[]) x(u, d, c)
              where s.user_id = u and s.device_id = d and s.connection_id = c`,
      values: columns(connections),
    });
    return connections.map(() => undefined);
  }

  private async renew(): Promise<void> {
    const lease = await this.pool.query<{ inserted: boolean }>({
      name: 'renew_lease',
      text: `insert into nodes (node_id, lease_until) values ($1, clock_timestamp() + $2 * interval '1 millisecond')
             on conflict (node_id) do update set lease_until = excluded.lease_until returning xmax = 0 as inserted`,
      values: [this.nodeId, LEASE_MS],
    });
    if (this.known && lease.rows[0]!.inserted) this.whenLost();
    this.known = true;
    await this.pool.query({
      name: 'sweep_nodes',
      text: `with dead as (delete from nodes where lease_until < clock_timestamp() - interval '1 minute' returning node_id)
             delete from sessions where node_id in (select node_id from dead)`,
    });
    const { rows } = await this.pool.query<{ others: boolean }>({
      name: 'other_nodes',
      text: 'select exists (select from nodes where node_id <> $1 and lease_until > clock_timestamp()) as others',
      values: [this.nodeId],
    });
    this.alone = !rows[0]?.others;
    this.heads = [...this.heads, await this.store.head()].slice(-2);
    await this.clock.sync(this.pool);
    // Last, and its failure is its own: without head and clock, feeds and deadlines would go astray.
    await this.reconcile().catch((error: unknown) =>
      this.log.warnRarely('presence could not be compared with the table; it is with the next renewal', {
        error,
      }),
    );
  }

  private async reconcile(): Promise<void> {
    if (this.leaving) return;
    const restored = await reconcile(this.pool, this.nodeId, [...this.connected.values()]);
    // Who left while the statement was on its way may have been put back by it.
    const left = restored.filter((connection) => this.gone.has(connection));
    if (left.length > 0) await this.remove(left);
  }
}
