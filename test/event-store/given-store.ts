import { randomUUID } from 'node:crypto';
import type { Pool, QueryResultRow } from 'pg';
import { openPool } from '../../src/database/pools.js';
import type { Append, NewEvent } from '../../src/event-store/event.js';
import { EventStore, type EventStoreOptions } from '../../src/event-store/event-store.js';
import { type TestDatabase, freshDatabase } from '../support/database.js';
import { until } from '../support/until.js';

export interface GivenStore {
  readonly url: string;
  readonly store: EventStore;
  /** Ten connections, for whatever a test does beside the store. */
  readonly pool: Pool;
  /** Another node on the same database, or the same one reached over another URL. */
  node(options?: EventStoreOptions, url?: string): EventStore;
  rows<R extends QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  /** The stream's `version type` lines, as PostgreSQL has them. */
  stream(streamId: string): Promise<string[]>;
  /** Keeps everybody who wants this claim waiting, until the returned function is called. */
  occupy(claimKey: string): Promise<() => Promise<void>>;
  /** Resolves when so many statements in this database wait for a lock. */
  waiting(count: number): Promise<void>;
}

/** A store on a database of its own, for the tests of one file. */
export function givenStore(): GivenStore {
  let database: TestDatabase;
  const pools: Pool[] = [];
  const open = (name: string, max: number, url = database.url): Pool => {
    const pool = openPool(url, name, max);
    pools.push(pool);
    return withOwnErrors(pool);
  };
  const given = {
    node: (options?: EventStoreOptions, url?: string) => new EventStore(open('appends', 2, url), options),
    rows: async <R extends QueryResultRow>(text: string, values: unknown[] = []) =>
      (await given.pool.query<R>(text, values)).rows,
    stream: async (streamId: string) => {
      const text = 'select version, type from events where stream_id = $1 order by version';
      const rows = await given.rows<{ version: number; type: string }>(text, [streamId]);
      return rows.map(({ version, type }) => `${version} ${type}`);
    },
    occupy: async (claimKey: string) => {
      const client = await given.pool.connect();
      await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [claimKey]);
      return async () => {
        await client.query('select pg_advisory_unlock_all()');
        client.release();
      };
    },
    waiting: (count: number) =>
      until(async () => {
        const text = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        return (await given.rows(text)).length === count;
      }),
  } as { -readonly [key in keyof GivenStore]: GivenStore[key] };

  beforeAll(async () => {
    database = await freshDatabase();
    given.url = database.url;
    given.pool = open('test', 10);
    given.store = given.node();
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    await database.drop();
  });
  return given;
}

/** jest gives tests an Error of their own; to `instanceof`, those of Node's sockets are none. Outside of jest they are. */
function withOwnErrors(pool: Pool): Pool {
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  const translated = (...args: unknown[]): Promise<unknown> =>
    query(...args).catch((error: Error) => {
      throw error instanceof Error ? error : Object.assign(new Error((error as Error).message), error);
    });
  return Object.assign(pool, { query: translated });
}

/** Something a test can wait at, and open. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

export const happened: NewEvent = { type: 'Happened', data: {} };
export const ended: NewEvent = { type: 'Ended', data: {} };

export const newStream = (): string => `test-${randomUUID()}`;

export const appendTo = (streamId: string, expectedVersion: number, more: Partial<Append> = {}): Append => ({
  streamId,
  expectedVersion,
  events: [happened],
  actor: null,
  commandId: randomUUID(),
  ...more,
});
export const appendToNew = (more: Partial<Append> = {}): Append => appendTo(newStream(), 0, more);
