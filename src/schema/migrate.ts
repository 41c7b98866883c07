import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { createDataSource } from './data-source.js';

/** Any number: what matters is that every gateway uses the same. */
const MIGRATION_LOCK = 7_426_419;
const OLDEST_SERVER = 140_000;
const CONNECT_MS = 5_000;
/** How long a start waits for another node's migration, and for transactions that hold a table it must change. */
const PATIENCE_MS = 120_000;
const RETRY_MS = 1_000;
/** A change of a table that waits for a lock keeps everybody behind it from the table: it gives up before anybody notices. */
const LOCK_TIMEOUT_MS = 1_500;
const LOCK_NOT_AVAILABLE = '55P03';

export class DatabaseError extends Error {}

/**
 * Brings the schema up to date. Nodes that start together take turns, under an advisory lock that PostgreSQL frees when
 * its holder dies.
 * @param onWait is told what the start waits for, every few seconds
 * @throws DatabaseError one clear line: not reachable, too old, what it has waited for in vain, or the migration that failed
 */
export async function migrate(
  url: string,
  onWait: (what: string) => void = () => undefined,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'ringway migrate',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new DatabaseError(`the database does not answer: ${reason(error)}. Check DATABASE_URL.`);
  }
  try {
    const { rows } = await client.query<{ server_version_num: string }>({
      ...{ text: 'show server_version_num', query_timeout: CONNECT_MS },
    } as pg.QueryConfig);
    if (Number(rows[0]?.server_version_num) < OLDEST_SERVER) {
      throw new DatabaseError(
        `PostgreSQL 14 or newer is needed, this is ${rows[0]?.server_version_num ?? 'unknown'}`,
      );
    }
    const deadline = performance.now() + patienceMs;
    const wait = async (what: string): Promise<void> => {
      if (performance.now() > deadline)
        throw new DatabaseError(`the database could not be prepared: ${what}`);
      onWait(what);
      await pause(Math.min(RETRY_MS, patienceMs));
    };
    while (!(await tryLock(client))) await wait('another node holds the migration lock');
    while (!(await ran(url)))
      await wait('a long transaction, such as a running pg_dump, holds a table that must be changed');
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError(`the database could not be prepared: ${reason(error)}`);
  } finally {
    await client.end();
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const text = 'select pg_try_advisory_lock($1) as locked';
  const { rows } = await client.query<{ locked: boolean }>(text, [MIGRATION_LOCK]);
  return rows[0]!.locked;
}

/** @returns false when somebody holds a lock that a migration needs; those before it are done */
async function ran(url: string): Promise<boolean> {
  const dataSource = createDataSource(url, { lock_timeout: LOCK_TIMEOUT_MS });
  try {
    await dataSource.initialize();
    await dataSource.runMigrations();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

/** Connection errors of several addresses come as an AggregateError without a message. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  return error instanceof Error ? error.message : String(error);
}
