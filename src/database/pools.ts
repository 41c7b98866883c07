import pg from 'pg';

/** After a failover no connection stays for longer at a server that has become a standby and only answers reads. */
export const MAX_LIFETIME_S = 300;

/** Deadlines of every query and connection attempt, so that an absent PostgreSQL is an error and never a wait. */
const LIMITS = {
  connectionTimeoutMillis: 1_500,
  query_timeout: 1_900,
  statement_timeout: 1_800,
  idle_in_transaction_session_timeout: 5_000,
  keepAlive: true,
  idleTimeoutMillis: 60_000,
  maxLifetimeSeconds: MAX_LIFETIME_S,
};

/** Connections of one node to PostgreSQL, by what they are for: 18 together. */
export const CONNECTIONS = {
  /** Statements of group commit in flight at once. */
  append: 2,
  /** Streams that a command decides on. */
  store: 3,
  /** Where people can be reached, and what a device is synced with. */
  read: 4,
  /** Lists of one user's calls: slow questions wait for each other, and for nobody else. */
  list: 2,
  /** Leases, jobs, presence and checkpoints. */
  control: 3,
  /** Operators' questions over everybody's calls. */
  operator: 2,
  /** Registrations and erasures (TypeORM). */
  entities: 2,
};

/** For questions over many calls, which nobody's call waits for. */
export const LONG_QUERY = { query_timeout: 4_900, statement_timeout: 4_800 };

/** Opens a pool whose idle connections may be cut without taking the process down. */
export function openPool(
  url: string,
  name: string,
  max: number,
  limits: Partial<typeof LIMITS> = {},
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: `ringway ${name}`,
    max,
    ...LIMITS,
    ...limits,
  });
  // An idle connection that PostgreSQL closes raises 'error' on the pool; the next query opens a new one.
  pool.on('error', () => undefined);
  return pool;
}

/** One line at the start where PostgreSQL cannot hold this node's connections: else that shows under load, as `UNAVAILABLE`. */
export async function warnOfTooFewConnections(
  pool: pg.Pool,
  log: { warn(line: string): void },
): Promise<void> {
  const { rows } = await pool.query<{ free: number }>(
    `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as free`,
  );
  const needed = Object.values(CONNECTIONS).reduce((sum, connections) => sum + connections, 0);
  const { free } = rows[0]!;
  if (free >= needed) return;
  log.warn(`PostgreSQL takes ${free} connections (max_connections), and one gateway needs up to ${needed}`);
}

/** Injection token of the pool for queries. */
export const READ_POOL = Symbol('read pool');
/** Injection token of the pool for lists of one user's calls. */
export const LIST_POOL = Symbol('list pool');
/** Injection token of the pool for operators' questions: however long they take, no call waits for a connection. */
export const OPERATOR_POOL = Symbol('operator pool');
/** Injection token of the small pool for leases and jobs, which busy commands cannot starve. */
export const CONTROL_POOL = Symbol('control pool');

const READ_ONLY = '25006';

/**
 * A connection that has let a query time out is of no use any more: it may be the end of a wire that was cut; nor is one
 * to a server that takes no writes. Pools of pg see to that themselves when they run the query; TypeORM holds connections
 * of its own accord, and would give it back.
 */
export class ExpiringClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const query = this.query.bind(this) as (...args: unknown[]) => unknown;
    (this as { query: unknown }).query = (...args: unknown[]): unknown => {
      const result = query(...args);
      if (result instanceof Promise) {
        result.catch((error: unknown) => {
          const { message, code } = error as { message: string; code?: string };
          if (message === 'Query read timeout' || code === READ_ONLY) this.cut();
        });
      }
      return result;
    };
  }

  private cut(): void {
    (this as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }
}
