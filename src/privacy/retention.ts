import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Pool } from 'pg';
import { CLOCK, type Clock } from '../time/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { CONTROL_POOL } from '../database/pools.js';
import { EventStore } from '../event-store/event-store.js';
import { Log } from '../log/log.js';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
/** Events per statement: some ten milliseconds, so that nobody waits behind it. */
const BATCH = 500;
const PAUSE_MS = 100;

/** Deletes what is older than `RINGWAY_RETENTION_DAYS` and over, one node at a time, a few with each statement. */
@Injectable()
export class Retention implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(
    @Inject(CONTROL_POOL) private readonly pool: Pool,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly store: EventStore,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.retentionDays === null) return;
    this.timer = setInterval(() => this.start(), EVERY_MS);
    this.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearInterval(this.timer);
    await this.running;
  }

  private start(): void {
    this.running ??= this.run()
      .catch((error: unknown) =>
        this.log.warn('old events could not be deleted; it is tried again', { error }),
      )
      .finally(() => (this.running = null));
  }

  private async run(): Promise<void> {
    const olderThan = new Date(this.clock.now() - this.config.retentionDays! * DAY_MS);
    for (let more = true; more && !this.stopped;) {
      const { rows } = await this.pool.query<{ passed: number }>({
        name: 'forget_calls',
        text: 'select forget_calls($1, $2, $3) as passed',
        // What the app's backend has not been told yet stays until it has.
        values: [olderThan, BATCH, this.store.subscriptions],
      });
      more = rows[0]!.passed === BATCH;
      if (more) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
