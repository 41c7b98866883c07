import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SignJWT } from 'jose';
import { migrate } from '../../src/schema/migrate.js';
import { PushSimulator } from 'ringway-simulator';
import { TestRedis, hasRedis } from '../support/redis.js';
import { GatewayNode } from './node.js';
import { KillablePostgres } from './processes.js';

export const BUNDLE = 'com.example.app';
/** Short, so that a round sees calls ring out and forgotten calls end. */
export const RING_MS = 2_500;
const TALK_MS = 3_000;

/** Two gateways, their PostgreSQL, their Redis, Apple and Google: all real, all breakable. */
export class World {
  private constructor(
    readonly folder: string,
    readonly postgres: KillablePostgres,
    /** null where no redis-server is installed. */
    readonly redis: TestRedis | null,
    readonly simulator: PushSimulator,
    readonly nodes: readonly [GatewayNode, GatewayNode],
    private readonly secret: string,
  ) {}

  static async start(): Promise<World> {
    const folder = await mkdtemp(path.join(tmpdir(), 'ringway-nemesis-'));
    const postgres = await KillablePostgres.start(path.join(folder, 'data'));
    await migrate(postgres.url);
    await postgres.query(WATCH_CLAIMS);
    const redis = hasRedis ? await TestRedis.start() : null;
    const simulator = await PushSimulator.start();
    const caFile = path.join(folder, 'ca.pem');
    await writeFile(caFile, simulator.ca);
    const secret = randomBytes(32).toString('hex');
    const env: Record<string, string> = {
      ...{ NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', AUTH_SECRET: secret },
      ...{ DATABASE_URL: postgres.url, ...(redis ? { REDIS_URL: redis.url } : {}) },
      ...{
        RING_TIMEOUT_MS: String(RING_MS),
        RING_ACK_TIMEOUT_MS: '400',
        CALL_MAX_DURATION_MS: String(TALK_MS),
      },
      ...{ RATE_LIMIT_CALLS_PER_MINUTE: '100000', RATE_LIMIT_EVENTS_PER_SECOND: '10000' },
      ...simulator.gatewaySettings([BUNDLE], caFile),
    };
    const nodes = [await GatewayNode.make(0, env), await GatewayNode.make(1, env)] as const;
    for (const { database } of nodes) database.pointTo(postgres.port);
    const world = new World(folder, postgres, redis, simulator, [...nodes], secret);
    await Promise.all(nodes.map((node) => node.start()));
    return world;
  }

  /** A user's token, good for the whole batch whatever the gateways' clocks say. */
  token(userId: string): Promise<string> {
    const token = new SignJWT({ name: `Name of ${userId}` }).setProtectedHeader({ alg: 'HS256' });
    return token.setSubject(userId).setExpirationTime('30 days').sign(new TextEncoder().encode(this.secret));
  }

  async restartPostgres(): Promise<void> {
    await this.postgres.start();
    for (const { database } of this.nodes) database.pointTo(this.postgres.port);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all([this.simulator.stop(), this.redis?.kill(), this.postgres.stop()]);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** The gateways leave no trace of who held a job; the nemesis wants to know when a lease was lost to another node. */
const WATCH_CLAIMS = `
create table nemesis_takeovers (at timestamptz(3), key text, kind text, old_epoch int, lost_lease timestamptz(3));
create function nemesis_note_takeover() returns trigger language plpgsql as $$
begin
  insert into nemesis_takeovers values (clock_timestamp(), old.key, old.kind, old.epoch, old.lease_until);
  return new;
end $$;
create trigger nemesis_takeovers after update on jobs for each row
  when (new.epoch > old.epoch and old.lease_until is not null) execute function nemesis_note_takeover();`;
