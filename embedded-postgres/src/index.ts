import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { initialise, makeFolder, openCluster, readOrMakePassword, refuseForeign } from './cluster.js';
import { EmbeddedPostgresError, findBinaries } from './host.js';
import { freePort, gatewayOf, launch, type LaunchOptions, type Server } from './server.js';

export { EmbeddedPostgresError };

export interface EmbeddedPostgres {
  /** postgres://… for pg and TypeORM. It has a query: to name another database use `new URL(url).pathname`. */
  readonly url: string;
  /** Resolves (never rejects) with a sentence when the server ends without having been asked to. */
  readonly died: Promise<string>;
  /**
   * Fast shutdown; waits until the server has gone: after 5 s it is stopped at once, by SIGQUIT, and killed when the
   * time is up. What was committed is safe in any case.
   * @returns whether it shut down as it should; otherwise it recovers at its next start
   */
  stop(withinMs?: number): Promise<boolean>;
}

export interface EmbeddedPostgresOptions {
  /** Holds `postgres` (the cluster), `postgres-password` and `postgres-lock`. Made when it does not exist. */
  readonly dataDir: string;
  /** Server settings beside the defaults, as `-c name=value`. */
  readonly settings?: Record<string, string>;
  /** Gets every line the server writes. */
  readonly log?: (line: string) => void;
}

/** A dying server needs up to 5 s; a live owner is believed sooner (a killed one may linger as a zombie). */
const WAIT_FOR_OWNER_MS = { dying: 8_000, alive: 2_000 };
const PORTS_TRIED = 5;

/**
 * Starts a PostgreSQL that ends with this process, however this process ends, and whose data stay in `dataDir`.
 * @throws EmbeddedPostgresError and nothing else.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = path.resolve(options.dataDir);
  try {
    await makeFolder(dataDir);
    return await start(dataDir, options);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot work in ${dataDir} (${(error as Error).message}): ` +
        'set RINGWAY_DATA_DIR to a folder Ringway may write to, or set DATABASE_URL.',
      { cause: error },
    );
  }
}

async function start(dataDir: string, { settings = {}, log = () => undefined }: EmbeddedPostgresOptions) {
  const cluster = path.join(dataDir, 'postgres');
  await refuseForeign(dataDir, cluster);
  const binaries = await findBinaries();
  const password = await readOrMakePassword(path.join(dataDir, 'postgres-password'));
  const isNew = await initialise(dataDir, cluster, password, binaries, settings.fsync !== 'off');
  const account = await openCluster(cluster, binaries);
  const lockFile = path.join(dataDir, 'postgres-lock');
  const server = await launchWhenFree(dataDir, { cluster, lockFile, binaries, account, settings, log });
  try {
    await ensureDatabase(server.port, password, dataDir, isNew);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    url: urlOf('ringway', server.port, password),
    died: server.died,
    stop: (withinMs?: number) => server.stop(withinMs),
  };
}

async function launchWhenFree(dataDir: string, options: Omit<LaunchOptions, 'port'>): Promise<Server> {
  const since = Date.now();
  let portsTaken = 0;
  for (;;) {
    const launched = await launch({ ...options, port: await freePort() });
    switch (launched.is) {
      case 'ready':
        return launched.server;
      case 'port in use':
        if (++portsTaken < PORTS_TRIED) continue;
        throw new EmbeddedPostgresError(
          `The embedded PostgreSQL found no free port on 127.0.0.1 in ${PORTS_TRIED} attempts: set DATABASE_URL.`,
        );
      case 'directory in use': {
        const owner = await gatewayOf(options.cluster);
        if (Date.now() - since > (owner?.alive ? WAIT_FOR_OWNER_MS.alive : WAIT_FOR_OWNER_MS.dying)) {
          throw new EmbeddedPostgresError(
            `Another Ringway${owner ? ` (${owner.name})` : ''} is using the data in ${dataDir}: stop it, ` +
              'or give this one a RINGWAY_DATA_DIR or a DATABASE_URL of its own.',
          );
        }
        await delay(50);
      }
    }
  }
}

/** The gateway is no superuser, as on a server of its owner's: SQL must not reach files or programs. */
async function ensureDatabase(
  port: number,
  password: string,
  dataDir: string,
  isNew: boolean,
): Promise<void> {
  if (!isNew) {
    try {
      return await query(urlOf('ringway', port, password), ['SELECT 1']);
    } catch (error) {
      if (!isRefusedLogin(error)) throw error; // a first start that was killed half-way is finished now
    }
  }
  try {
    await query(urlOf('postgres', port, password), [
      `DO $$ BEGIN CREATE ROLE ringway; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
      `ALTER ROLE ringway LOGIN CREATEDB PASSWORD ${pg.escapeLiteral(password)}`,
      'CREATE DATABASE ringway OWNER ringway',
    ]);
  } catch (error) {
    if (!isRefusedLogin(error)) throw error;
    throw new EmbeddedPostgresError(
      `The password in ${path.join(dataDir, 'postgres-password')} is not the one ${path.join(dataDir, 'postgres')} was ` +
        'made with: put the old file back, or set RINGWAY_DATA_DIR or DATABASE_URL.',
    );
  }
}

/** 28P01: wrong password or no such role; 3D000: no such database. */
const isRefusedLogin = (error: unknown): boolean =>
  ['28P01', '3D000'].includes((error as { code?: string }).code ?? '');

async function query(connectionString: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
  client.on('error', () => undefined); // the failing call reports it
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** pg reads PGSSLMODE and PGOPTIONS of the environment wherever the URL is silent, so the URL speaks. */
const urlOf = (user: 'ringway' | 'postgres', port: number, password: string): string =>
  `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${user}?sslmode=disable&options=${encodeURIComponent('-c TimeZone=UTC')}`;
