import type { Pool } from 'pg';
import { isOutage } from '../database/outage.js';
import { type Append, type AppendResult, StoreUnavailable } from './event.js';

const MAX_BATCH = 64;
const RETRY_PAUSE_MS = 25;

interface Waiting {
  append: Append;
  /** What it must not share a batch with. */
  keys: readonly string[];
  deadline: number;
  timer: NodeJS.Timeout;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

/**
 * Group commit: appends that arrive while a statement is in flight go together in the next one. There is no timer, so
 * a lone append waits for nobody. Appends that touch the same stream or claim never share a batch nor overlap, because
 * the second one has to see what the first one did.
 */
export class GroupCommit {
  private queue: Waiting[] = [];
  private inFlight = 0;
  private readonly busy = new Set<string>();

  constructor(
    private readonly pool: Pool,
    private readonly options: { concurrency: number; deadlineMs: number; maxQueue: number },
  ) {}

  append(append: Append): Promise<AppendResult> {
    if (this.queue.length >= this.options.maxQueue) {
      return Promise.reject(
        new StoreUnavailable(new Error(`${this.queue.length} appends are waiting already`)),
      );
    }
    return new Promise((resolve, reject) => {
      const { deadlineMs } = this.options;
      const waiting: Waiting = {
        ...{ append, keys: touched(append), deadline: performance.now() + deadlineMs, resolve, reject },
        // A statement that hangs must not keep anybody waiting longer than promised.
        timer: setTimeout(() => this.giveUp(waiting), deadlineMs),
      };
      this.queue.push(waiting);
      this.pump();
    });
  }

  private giveUp(waiting: Waiting): void {
    const index = this.queue.indexOf(waiting); // at the front, if at all: the oldest gives up first
    if (index >= 0) this.queue.splice(index, 1);
    waiting.reject(new StoreUnavailable(new Error(`no answer in ${this.options.deadlineMs} ms`)));
  }

  private pump(): void {
    while (this.inFlight < this.options.concurrency && this.queue.length > 0) {
      const batch = this.takeBatch();
      if (batch.length === 0) return; // everything queued waits for what is in flight
      this.inFlight++;
      void this.run(batch).finally(() => {
        this.inFlight--;
        for (const { keys } of batch) for (const key of keys) this.busy.delete(key);
        this.pump();
      });
    }
  }

  /** Oldest first; nobody overtakes an older append to the same stream or claim. */
  private takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    const awaited = new Set<string>();
    let seen = 0;
    for (const waiting of this.queue) {
      if (batch.length === MAX_BATCH) break;
      seen++;
      const { keys } = waiting;
      if (keys.some((key) => this.busy.has(key) || awaited.has(key))) {
        left.push(waiting);
        for (const key of keys) awaited.add(key);
      } else {
        batch.push(waiting);
        for (const key of keys) this.busy.add(key);
      }
    }
    this.queue = left.concat(this.queue.slice(seen));
    return batch;
  }

  private async run(batch: Waiting[]): Promise<void> {
    try {
      const results = await this.send(batch.map(({ append }) => append));
      for (const [index, waiting] of batch.entries()) {
        clearTimeout(waiting.timer);
        waiting.resolve(results[index]!);
      }
    } catch (error) {
      await this.recover(batch, error);
    }
  }

  /**
   * After an outage nobody knows whether the commit happened; sending the same command ids again settles it. Any other
   * error is the fault of one append: alone, it hurts nobody else.
   */
  private async recover(batch: Waiting[], error: unknown): Promise<void> {
    if (isOutage(error)) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS * (1 + Math.random())));
      const alive = batch.filter(({ deadline }) => performance.now() < deadline);
      if (alive.length > 0) await this.run(alive); // the others are given up by their timers
    } else if (batch.length > 1) {
      for (const waiting of batch) await this.run([waiting]);
    } else {
      clearTimeout(batch[0]!.timer);
      batch[0]!.reject(error);
    }
  }

  private send(appends: readonly Append[]): Promise<AppendResult[]> {
    return sendAppends(
      (text, values) => this.pool.query<AppendedRow>({ name: 'append', text, values }),
      appends,
    );
  }
}

/** How a statement reaches PostgreSQL: over a pool, or inside somebody's transaction. */
export type RunStatement = (text: string, values: unknown[]) => Promise<{ rows: AppendedRow[] }>;

export async function sendAppends(run: RunStatement, appends: readonly Append[]): Promise<AppendResult[]> {
  const { rows } = await run(APPEND, parameters(appends));
  return rows.map((row) =>
    row.status === 'held'
      ? { status: 'held', key: row.held_key!, by: row.held_by! }
      : row.status === 'appended'
        ? { status: 'appended', at: row.at.getTime() }
        : { status: row.status },
  );
}

interface AppendedRow {
  status: AppendResult['status'];
  at: Date;
  held_key: string | null;
  held_by: string | null;
}

const APPEND = `select status, at, held_key, held_by from append_events(
  $1::text[], $2::int[], $3::uuid[], $4::jsonb[], $5::int[], $6::int[], $7::text[], $8::jsonb[],
  $9::int[], $10::text[], $11::text[], $12::boolean[], $13::int[], $14::int[], $15::text[],
  $16::int[], $17::text[], $18::text[], $19::jsonb[], $20::bigint[], $21::int[], $22::int[], $23::text[])
  order by ordinal`;

const touched = ({ streamId, claims }: Append): string[] => [
  `stream ${streamId}`,
  ...(claims ?? []).map(({ key }) => `claim ${key}`),
];

function parameters(appends: readonly Append[]): unknown[] {
  const rowsOf = <T>(
    rows: (append: Append) => readonly T[] | undefined,
  ): { of: number; nr: number; row: T }[] =>
    appends.flatMap((append, index) =>
      (rows(append) ?? []).map((row, i) => ({ of: index + 1, nr: i + 1, row })),
    );
  const events = rowsOf((append) => append.events);
  const claims = rowsOf((append) => append.claims);
  const releases = rowsOf((append) => append.release);
  const jobs = rowsOf((append) => append.jobs);
  const cancels = rowsOf((append) => append.cancelJobs);
  const of = (rows: { of: number }[]): number[] => rows.map((row) => row.of);
  return [
    appends.map((append) => append.streamId),
    appends.map((append) => append.expectedVersion),
    appends.map((append) => append.commandId),
    appends.map((append) => append.actor && JSON.stringify(append.actor)),
    ...[of(events), events.map(({ nr }) => nr), events.map(({ row }) => row.type)],
    events.map(({ row }) => JSON.stringify(row.data)),
    ...[of(claims), claims.map(({ row }) => row.key), claims.map(({ row }) => row.owner)],
    ...[claims.map(({ row }) => row.kept), claims.map(({ row }) => row.ttlMs ?? null)],
    ...[of(releases), releases.map(({ row }) => row)],
    ...[of(jobs), jobs.map(({ row }) => row.key), jobs.map(({ row }) => row.kind)],
    jobs.map(({ row }) => JSON.stringify(row.payload)),
    ...[jobs.map(({ row }) => Math.round(row.dueInMs)), jobs.map(({ row }) => row.leaseMs)],
    ...[of(cancels), cancels.map(({ row }) => row)],
  ];
}
