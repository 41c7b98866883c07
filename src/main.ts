import 'reflect-metadata';
import { isIPv6 } from 'node:net';
import { type Config, ConfigError, readConfig } from './config.js';
import { EmbeddedPostgresError, startEmbeddedPostgres } from './database/embedded-postgres.js';
import { DatabaseError } from './database/migrate.js';
import { emptyBoard, pushesTo, startCast, wantsSimulator } from './demo.js';
import { type RunningGateway, startGateway } from './gateway.js';
import { ListenError, explainListenError } from './listen-error.js';
import { Log } from './operations/log.js';
import { PushSimulator } from './simulator/push-simulator.js';

const STOP_WITHIN_MS = 9_500;

/** Starts what the settings ask for; returns how to stop it all again, last things first. */
async function start(log: Log): Promise<() => Promise<void>> {
  const { config, warnings } = readConfig(process.env);
  for (const warning of warnings) log.warn(warning);
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const databaseUrl = config.databaseUrl ?? (await embeddedPostgres(config, log, stops));
    let { push } = config;
    let simulator: PushSimulator | null = null;
    if (wantsSimulator(config)) {
      simulator = await PushSimulator.start();
      stops.push(() => simulator!.stop());
      push = pushesTo(simulator);
    }
    const board = simulator && emptyBoard(log);
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
    await stop();
    throw error;
  }
}

async function embeddedPostgres(
  { dataDir }: Config,
  log: Log,
  stops: (() => Promise<void>)[],
): Promise<string> {
  const server = await startEmbeddedPostgres({ dataDir, log: (line) => log.debug('postgres', { line }) });
  stops.push(() => server.stop());
  void server.died.then((reason) => fail(new DatabaseError(reason)));
  return server.url;
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
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    started
      .then((stop) => stop())
      .then(() => process.exit(0))
      .catch(fail);
  });
}
