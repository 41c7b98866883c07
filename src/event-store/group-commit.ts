import type { Pool } from 'pg';
import { isTransient } from '../database/transient-error.js';
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
  private pumping = false;
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
        append,
        keys: touched(append),
        deadline: performance.now() + deadlineMs,
        resolve,
        reject,
        // A statement that hangs must not keep anybody waiting longer than promised.
        timer: setTimeout(() => this.giveUp(waiting), deadlineMs),
      };
      this.queue.push(waiting);
      this.pumpSoon();
    });
  }

  private giveUp(waiting: Waiting): void {
    const index = this.queue.indexOf(waiting); // at the front, if at all: the oldest gives up first
    if (index >= 0) this.queue.splice(index, 1);
    waiting.reject(new StoreUnavailable(new Error(`no answer in ${this.options.deadlineMs} ms`)));
  }

  /** Once what has arrived by now has been read: the callers a statement lets go often come back together. */
  private pumpSoon(): void {
    if (this.pumping || this.inFlight === this.options.concurrency) return;
    this.pumping = true;
    setImmediate(() => {
      this.pumping = false;
      this.pump();
    });
  }

  private pump(): void {
    while (this.inFlight < this.options.concurrency && this.queue.length > 0) {
      const batch = this.takeBatch();
      if (batch.length === 0) return; // everything queued waits for what is in flight
      this.inFlight++;
      void this.run(batch).finally(() => {
        this.inFlight--;
        for (const { keys } of batch) for (const key of keys) this.busy.delete(key);
        if (this.queue.length > 0) this.pumpSoon();
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
    if (isTransient(error)) {
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
      <R extends object>(text: string, values: unknown[]) =>
        this.pool.query<R>({ name: 'append', text, values }),
      appends,
    );
  }
}

/** How a statement reaches PostgreSQL: over a pool, or inside somebody's transaction. */
export type RunStatement = <R extends object>(text: string, values: unknown[]) => Promise<{ rows: R[] }>;

/** Appends to different streams, in one statement. */
export async function sendAppends(run: RunStatement, appends: readonly Append[]): Promise<AppendResult[]> {
  const grantedAt = performance.now();
  const { rows } = await run<AppendedRow>(APPEND, parameters(appends));
  const { at, lost } = rows[0]!;
  const losses = new Map(lost?.map(({ stream, ...result }) => [stream, result]));
  return appends.map(({ streamId, jobs = [] }) => {
    const appended = { status: 'appended', at, jobs: jobs.map((job) => ({ ...job, grantedAt })) } as const;
    return losses.get(streamId) ?? appended;
  });
}

interface AppendedRow {
  at: number;
  lost: ({ stream: string } & Exclude<AppendResult, { status: 'appended' }>)[] | null;
}

const APPEND = 'select at, lost from append_events($1, $2, $3, $4, $5, $6)';

const touched = ({ streamId, claims }: Append): string[] => [
  `stream ${streamId}`,
  ...(claims ?? []).map(({ key }) => `claim ${key}`),
];

/** One JSON text per list: quicker to write, to send and to read than twenty arrays. */
function parameters(appends: readonly Append[]): (string | null)[] {
  const list = (rowsOf: (append: Append, stream: string) => readonly object[] | undefined): string | null => {
    const rows = appends.flatMap((append) => rowsOf(append, append.streamId) ?? []);
    return rows.length === 0 ? null : JSON.stringify(rows);
  };
  return [
    list(({ events, expectedVersion, actor, commandId }, stream) =>
      events.slice(0, 1).map(({ type, data }) => ({
        stream,
        expected: expectedVersion,
        type,
        data,
        actor,
        command: commandId,
      })),
    ),
    list(({ events, expectedVersion, actor, commandId }, stream) =>
      events.slice(1).map(({ type, data }, index) => ({
        stream,
        version: expectedVersion + 2 + index,
        type,
        data,
        actor,
        command: commandId,
      })),
    ),
    list(({ claims }, stream) =>
      claims?.map(({ key, owner, kept, ttlMs }) => ({ stream, key, owner, kept, ttl_ms: ttlMs })),
    ),
    list(({ release }, stream) => release?.map((key) => ({ stream, key }))),
    list(({ jobs }, stream) =>
      jobs?.map(({ key, kind, payload, dueInMs, leaseMs }) => ({
        stream,
        key,
        kind,
        payload,
        due_ms: Math.round(dueInMs),
        lease_ms: leaseMs,
      })),
    ),
    list(({ cancelJobs }, stream) => cancelJobs?.map((key) => ({ stream, key }))),
  ];
}
