import 'reflect-metadata';
import { isIPv6 } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type EmbeddedPostgres,
  EmbeddedPostgresError,
  startEmbeddedPostgres,
} from 'ringway-embedded-postgres';
import { PushSimulator } from 'ringway-simulator';
import { type Config, ConfigError, readConfig } from './config/config.js';
import { DatabaseError } from './schema/migrate.js';
import { emptyBoard, pushesTo, startCast, wantsSimulator } from './start/demo.js';
import { type RunningGateway, startGateway } from './start/start-gateway.js';
import { ListenError, explainListenError } from './start/listen-error.js';
import { Log } from './log/log.js';

/** A SIGTERM is to be over within ten seconds. */
const STOP_WITHIN_MS = 9_000;
/** Of those, what is left for the embedded PostgreSQL, whatever hangs before it. */
const DATABASE_STOPS_MS = 1_500;
const GIVE_UP_AFTER_MS = 9_500;

/** Stops everything by a time on the clock of `performance`, last things first. */
type Stop = (by: number) => Promise<void>;
const soon = (): number => performance.now() + STOP_WITHIN_MS;
const msUntil = (time: number): number => Math.max(time - performance.now(), 0);

/** Starts what the settings ask for; returns how to stop it all again. */
async function start(log: Log): Promise<Stop> {
  const { config, warnings } = readConfig(process.env);
  for (const warning of warnings) log.warn(warning);
  const database = config.databaseUrl === null ? await embeddedPostgres(config, log) : null;
  const stops: (() => Promise<void>)[] = [];
  const stop: Stop = async (by) => {
    for (const step of stops.splice(0).reverse()) {
      await Promise.race([step(), delay(msUntil(by - (database ? DATABASE_STOPS_MS : 0)))]);
    }
    if (database && !(await database.stop(msUntil(by)))) log.warn(KILLED);
  };
  try {
    let { push } = config;
    let simulator: PushSimulator | null = null;
    if (wantsSimulator(config)) {
      simulator = await PushSimulator.start();
      stops.push(() => simulator!.stop());
      push = pushesTo(simulator);
    }
    const board = simulator && emptyBoard(log);
    const databaseUrl = database?.url ?? config.databaseUrl!;
    const gateway = await startGateway({ ...config, push, databaseUrl }, log, board).catch(
      (error: unknown) => {
        throw explainListenError(error, config);
      },
    );
    stops.push(() => gateway.stop());
    welcome(gateway, config, simulator);
    if (simulator && board) {
      const cast = startCast({ simulator, board }, { host: config.host, port: gateway.port }, log);
      stops.push(() => cast.stop());
      void cast.ready.then((line) => line !== null && process.stdout.write(`  ${line}\n\n`));
    }
    return stop;
  } catch (error) {
    await stop(soon());
    throw error;
  }
}

const KILLED =
  'the embedded PostgreSQL did not stop in time and was killed; it recovers at its next start, and nothing is lost';

async function embeddedPostgres({ dataDir }: Config, log: Log): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log: (line) => log.debug('postgres', { line }) });
  void server.died.then((reason) => fail(new DatabaseError(reason)));
  return server;
}

function welcome({ port }: RunningGateway, { host, demo }: Config, simulator: PushSimulator | null): void {
  const local = ['0.0.0.0', '127.0.0.1', '::', '::1'].includes(host);
  const url = `http://${local ? 'localhost' : isIPv6(host) ? `[${host}]` : host}:${port}`;
  const lines = [
    `Ringway is ready on ${url}`,
    '',
    `  Console    ${url}/`,
    `  HTTP API   ${url}/docs`,
    demo
      ? `  A token    curl -s ${url}/v1/dev/tokens -H 'content-type: application/json' -d '{"userId":"alice"}'`
      : '  A token    sign a JWT with your AUTH_SECRET (HS256; sub, exp), or take one of your identity provider',
    ...(simulator
      ? [
          `  Simulator  pushes go to a simulated Apple and Google; control API on ${simulator.origins.control}`,
        ]
      : []),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** One clear line for what the operator can mend; a stack only for what is our fault. */
function fail(error: unknown): never {
  const expected = [ConfigError, DatabaseError, EmbeddedPostgresError, ListenError];
  const said = error instanceof Error ? error : new Error(String(error));
  const clear = expected.some((kind) => error instanceof kind);
  process.stderr.write(`ringway: ${clear ? said.message : said.stack}\n`);
  process.exit(1);
}

process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

let stopping = false;
const log = new Log();
const started = start(log);
started.catch(fail);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    const by = soon();
    setTimeout(() => {
      process.stderr.write(
        `ringway: not everything stopped within ${GIVE_UP_AFTER_MS / 1_000} s; it is left behind\n`,
      );
      process.exit(1);
    }, GIVE_UP_AFTER_MS).unref();
    started
      .then((stop) => stop(by))
      .then(() => process.exit(0))
      .catch(fail);
  });
}
