import pg from 'pg';
import { createDataSource } from './data-source.js';

/** Any number: what matters is that every gateway uses the same. */
const MIGRATION_LOCK = 7_426_419;
const OLDEST_SERVER = 140_000;
const CONNECT_MS = 5_000;

export class DatabaseError extends Error {}

/**
 * Brings the schema up to date. Nodes that start together take turns, under an advisory lock that PostgreSQL frees when
 * its holder dies.
 * @throws DatabaseError one clear line: not reachable, too old, or the migration that failed
 */
export async function migrate(url: string): Promise<void> {
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
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const dataSource = createDataSource(url, {});
    try {
      await dataSource.initialize();
      await dataSource.runMigrations();
    } finally {
      if (dataSource.isInitialized) await dataSource.destroy();
    }
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError(`the database could not be prepared: ${reason(error)}`);
  } finally {
    await client.end();
  }
}

/** Connection errors of several addresses come as an AggregateError without a message. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  return error instanceof Error ? error.message : String(error);
}
