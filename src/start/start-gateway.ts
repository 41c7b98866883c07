import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import { sharedSecret } from '../auth/secrets.js';
import type { Config } from '../config/config.js';
import { createDataSource } from '../schema/data-source.js';
import { DatabaseClock } from '../database/database-clock.js';
import { migrate } from '../schema/migrate.js';
import { CONNECTIONS, PATIENT, openPool, warnOfTooFewConnections } from '../database/pools.js';
import { Failure } from '../errors/api-error.js';
import type { DemoPhones } from '../http/demo-phones.controller.js';
import { FairTurns } from '../concurrency/fair-turns.js';
import { HttpAdapter } from '../http/http-server.js';
import { serveDocs } from '../http/openapi.js';
import { readBodies } from '../http/request-bodies.js';
import { Gateway } from '../net/public-url.js';
import { Log, nestLogger } from '../log/log.js';
import { clientAddress } from '../net/client-address.js';
import { FOREIGN_HOST, allowsHost, allowsOrigin } from '../net/origins.js';
import { Readiness } from '../health/readiness.js';
import { Quotas, tooMuchWaits } from '../limits/quotas.js';
import { JobRunner } from '../ringing/job-runner.js';
import { SocketServer } from '../sockets/server/socket-server.js';

/** As much as the kernel allows: with the default of 511, thousands that reconnect at once wait for seconds. */
const BACKLOG = 4_096;
const WAITING_LINE_MS = 10_000;
const DRAIN_MS = 3_500;
/** How long the steps after it may take, so that all of them end well within the ten seconds of a SIGTERM. */
const STEP_MS = { requests: 2_000, rooms: 1_500, connections: 1_000 };

export interface RunningGateway {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  /** Tells clients to go elsewhere, finishes work in hand, and stops. */
  stop(options?: { drainMs?: number }): Promise<void>;
}

/**
 * Starts a gateway on a database that answers.
 * @param demoPhones the virtual phones that `/v1/demo/phones` shows, where there are any
 * @throws DatabaseError, or the listen error (`EADDRINUSE`)
 */
export async function startGateway(
  config: Config & { databaseUrl: string },
  log = new Log(),
  demoPhones: DemoPhones | null = null,
): Promise<RunningGateway> {
  await migrate(config.databaseUrl, waitingLine(log));
  const pools = {
    append: openPool(config.databaseUrl, 'appends', CONNECTIONS.append),
    store: openPool(config.databaseUrl, 'streams', CONNECTIONS.store),
    read: openPool(config.databaseUrl, 'reads', CONNECTIONS.read),
    lists: openPool(config.databaseUrl, 'lists', CONNECTIONS.list),
    control: openPool(config.databaseUrl, 'control', CONNECTIONS.control),
    operators: openPool(config.databaseUrl, 'operators', CONNECTIONS.operator, PATIENT),
  };
  const dataSource = createDataSource(config.databaseUrl);
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(pools).map((pool) => pool.end()));
    if (dataSource.isInitialized) await dataSource.destroy();
  };
  let app: NestExpressApplication | null = null;
  try {
    const clock = new DatabaseClock();
    await clock.sync(pools.control);
    await warnOfTooFewConnections(pools.control, log);
    await dataSource.initialize();
    const secrets = {
      userTokens: await sharedSecret(pools.control, 'user tokens'),
      actionTokens: await sharedSecret(pools.control, 'action tokens'),
      nodes: await sharedSecret(pools.control, 'nodes'),
    };
    app = await NestFactory.create<NestExpressApplication>(
      AppModule.of({ config, log, clock, pools, dataSource, secrets, demoPhones }),
      new HttpAdapter(),
      { logger: nestLogger(log), bodyParser: false, abortOnError: false, forceCloseConnections: true },
    );
    const nest = app;
    configureHttp(nest, config);
    const gateway = nest.get(Gateway);
    gateway.url = config.publicUrl ?? '';
    await nest.init();
    const sockets = nest.get(SocketServer);
    const http = nest.getHttpServer();
    sockets.attachTo(http);
    const port = await listen(http, config);
    gateway.url ||= `http://localhost:${port}`;
    nest.get(JobRunner).start();
    const stop = async ({ drainMs = DRAIN_MS } = {}): Promise<void> => {
      nest.get(Readiness).draining = true;
      await sockets.drain(drainMs);
      // Requests in flight are finished, unless somebody takes their time with sending one.
      await atMost(STEP_MS.requests, sockets.close());
      await atMost(STEP_MS.rooms, nest.close());
      await atMost(STEP_MS.connections, close());
    };
    return { url: `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${port}`, port, stop };
  } catch (error) {
    await app?.close();
    await close();
    throw error;
  }
}

/** What a start waits for, said when it begins to wait and every ten seconds. */
function waitingLine(log: Log): (what: string) => void {
  let saidAt = -Infinity;
  return (what) => {
    if (performance.now() - saidAt < WAITING_LINE_MS) return;
    saidAt = performance.now();
    log.warn(`the start waits: ${what}`);
  };
}

type PlainRequest = IncomingMessage & { path: string };
type Next = (error?: unknown) => void;

/** Whoever looks after this node may always ask how it is. */
const asksHowItIs = ({ path }: PlainRequest): boolean => path.startsWith('/health/');

function configureHttp(app: NestExpressApplication, config: Config): void {
  app.disable('x-powered-by');
  const turns = app.get(FairTurns);
  app.use((request: PlainRequest, response: ServerResponse, next: Next) => {
    const begin = (): void => {
      if (!response.closed) next();
    };
    if (turns.run(clientAddress(request, config.trustedProxies), begin)) return;
    next(asksHowItIs(request) ? undefined : tooMuchWaits());
  });
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          ...{ defaultSrc: ["'self'"], styleSrc: ["'self'", "'unsafe-inline'"], imgSrc: ["'self'", 'data:'] },
          ...{ connectSrc: ["'self'", 'ws:', 'wss:'], mediaSrc: ["'self'", 'blob:'], objectSrc: ["'none'"] },
          ...{ baseUri: ["'self'"], frameAncestors: ["'none'"], formAction: ["'self'"] },
        },
      },
    }),
  );
  // Answers about people are for whoever asked, and for no cache.
  app.use('/v1', (_: unknown, response: ServerResponse, next: () => void) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  const quotas = app.get(Quotas);
  app.use((request: PlainRequest, _: unknown, next: Next) => {
    if (!allowsHost(config, request.headers.host)) return next(new Failure('NOT_ALLOWED', FOREIGN_HOST));
    if (asksHowItIs(request)) return next();
    try {
      quotas.takeOfAddress(clientAddress(request, config.trustedProxies));
      next();
    } catch (error) {
      next(error);
    }
  });
  app.enableCors((request, decide) => {
    const { origin, host } = (request as { headers: Record<string, string | undefined> }).headers;
    const allowed = origin !== undefined && allowsOrigin(config, origin, host);
    decide(null, { origin: allowed, maxAge: 600, exposedHeaders: ['Retry-After'] });
  });
  readBodies(app);
  serveDocs(app, config);
}

/** A PostgreSQL or a client that hangs does not keep us from leaving: what they would do is taken over, or expires. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

function listen(http: Server, { port, host }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen({ port, host, backlog: BACKLOG }, () => {
      http.off('error', reject);
      resolve((http.address() as AddressInfo).port);
    });
  });
}
