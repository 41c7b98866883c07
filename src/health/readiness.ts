import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Bus } from '../cluster/redis-bus.js';
import { CONTROL_POOL } from '../database/pools.js';
import { inTime } from '../time/deadline.js';
import { JobRunner } from '../ringing/job-runner.js';
import { type PushTrouble, TokenPurgeBreaker } from '../ringing/token-purge-breaker.js';

export interface Health {
  status: 'ok' | 'degraded' | 'down';
  parts: Record<string, { status: 'ok' | 'degraded' | 'down'; detail?: string; troubles?: PushTrouble[] }>;
}

/** Timers and retries that come later than this are felt by people. */
const LATE_MS = 5_000;
/** Whoever asks wants to know now: a database that takes longer than this is of no use to a call either. */
const ANSWER_MS = 1_000;

/** Whether this node should get work: it needs PostgreSQL and must not be on its way out. The rest only degrades it. */
@Injectable()
export class Readiness {
  draining = false;
  /** Asked by many at once, PostgreSQL is asked once. */
  private asking: Promise<string | null> | null = null;

  constructor(
    @Inject(CONTROL_POOL) private readonly pool: Pool,
    private readonly breaker: TokenPurgeBreaker,
    private readonly bus: Bus,
    private readonly runner: JobRunner,
  ) {}

  async check(): Promise<Health> {
    const parts: Health['parts'] = { postgres: await this.postgres() };
    const troubles = this.breaker.troubles();
    parts.push = troubles.length === 0 ? { status: 'ok' } : { status: 'degraded', troubles };
    if (this.bus.clustered) {
      const away = 'Redis is away; other nodes are heard a little later';
      parts.redis = this.bus.connected ? { status: 'ok' } : { status: 'degraded', detail: away };
    }
    const { lagMs } = this.runner;
    if (lagMs > LATE_MS)
      parts.jobs = {
        status: 'degraded',
        detail: `timers and retries are ${Math.round(lagMs / 1_000)} s late`,
      };
    if (this.draining) parts.node = { status: 'down', detail: 'draining' };
    const states = Object.values(parts).map(({ status }) => status);
    const status = states.includes('down') ? 'down' : states.includes('degraded') ? 'degraded' : 'ok';
    return { status, parts };
  }

  private async postgres(): Promise<Health['parts'][string]> {
    this.asking ??= inTime(this.ask(), ANSWER_MS)
      .catch(() => 'PostgreSQL does not answer')
      .finally(() => (this.asking = null));
    const detail = await this.asking;
    return detail === null ? { status: 'ok' } : { status: 'down', detail };
  }

  /** @returns what is wrong with PostgreSQL, if anything */
  private async ask(): Promise<string | null> {
    const client = await this.pool.connect();
    const cut = (): void => undefined; // the query hears of it as well
    client.on('error', cut);
    let good = false;
    try {
      const { rows } = await client.query<{ recovering: boolean; reading: boolean }>(
        `select pg_is_in_recovery() as recovering, current_setting('transaction_read_only')::boolean as reading`,
      );
      const { recovering, reading } = rows[0]!;
      good = !recovering && !reading;
      return good ? null : recovering ? STANDBY : READ_ONLY;
    } finally {
      client.off('error', cut);
      client.release(!good); // the next connection may lead to the new primary
    }
  }
}

const STANDBY = 'PostgreSQL is in recovery: this node is connected to a standby, which takes no writes';
const READ_ONLY = 'PostgreSQL is read-only';
