import type { Pool } from 'pg';
import type { StoredEvent } from './event.js';
import type { Cursor, EventStore } from './event-store.js';

const BEGINNING: Cursor = { transactionId: '0', position: '0' };

export interface SubscriptionOptions {
  /** The checkpoint's name; one node at a time works on it. */
  name: string;
  /** Called with events in global order, at least once each. Throwing means: the same events again, after a pause. */
  handle(events: readonly StoredEvent[]): Promise<void>;
  batchSize?: number;
  /** How long to sleep when there is nothing new; `wake()` ends the sleep. */
  pollMs?: number;
  /** A node that dies keeps others waiting this long. `handle` must be quicker. */
  leaseMs?: number;
  onError?(error: unknown): void;
}

/**
 * Hands out all events in global order to one node at a time and remembers how far it came. The checkpoint moves only
 * after `handle` and only while the lease's epoch is still ours, so nothing is skipped and a stale node changes nothing.
 */
export class Subscription {
  private running = true;
  private woken = false;
  private sleep: { wake(): void } | null = null;
  private readonly done: Promise<void>;

  constructor(
    private readonly store: EventStore,
    private readonly pool: Pool,
    private readonly options: SubscriptionOptions,
  ) {
    this.done = this.loop();
  }

  /** There is something new: look now. */
  wake(): void {
    this.woken = true; // also heard by a loop that is busy and has looked already
    this.sleep?.wake();
  }

  async stop(): Promise<void> {
    this.running = false;
    this.wake();
    await this.done;
  }

  private async loop(): Promise<void> {
    const { pollMs = 250 } = this.options;
    while (this.running) {
      let more = false;
      this.woken = false;
      try {
        more = await this.step();
      } catch (error) {
        this.options.onError?.(error);
      }
      if (!more && !this.woken && this.running) await this.pause(pollMs * (0.75 + Math.random() / 2));
    }
  }

  /** @returns whether there may be more right away */
  private async step(): Promise<boolean> {
    const { batchSize = 500 } = this.options;
    const cursor = await this.checkpoint();
    const events = await this.store.readAfter(cursor, batchSize);
    const last = events.at(-1);
    if (!last) return false;
    const epoch = await this.lease(cursor);
    if (epoch === null) return false;
    let next = cursor;
    try {
      await this.options.handle(events);
      next = last.cursor;
    } finally {
      await this.release(epoch, next);
    }
    return events.length === batchSize;
  }

  private async checkpoint(): Promise<Cursor> {
    const { rows } = await this.pool.query<{ transactionId: string; position: string }>(
      'select transaction_id::text as "transactionId", position from checkpoints where name = $1',
      [this.options.name],
    );
    return rows[0] ?? BEGINNING;
  }

  /** @returns the epoch of our lease; null when another node works on it or has moved on meanwhile */
  private async lease({ transactionId, position }: Cursor): Promise<number | null> {
    const { rows } = await this.pool.query<{ epoch: number }>(
      `insert into checkpoints as c (name, epoch, lease_until)
       values ($1, 1, clock_timestamp() + $2 * interval '1 millisecond')
       on conflict (name) do update set epoch = c.epoch + 1, lease_until = excluded.lease_until
         where (c.lease_until is null or c.lease_until < clock_timestamp())
           and c.transaction_id = $3::xid8 and c.position = $4
       returning epoch`,
      [this.options.name, this.options.leaseMs ?? 5_000, transactionId, position],
    );
    return rows[0]?.epoch ?? null;
  }

  private async release(epoch: number, { transactionId, position }: Cursor): Promise<void> {
    await this.pool.query(
      `update checkpoints set transaction_id = $3::xid8, position = $4, lease_until = null
       where name = $1 and epoch = $2`,
      [this.options.name, epoch, transactionId, position],
    );
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.sleep?.wake(), ms);
      this.sleep = {
        wake: () => {
          clearTimeout(timer);
          this.sleep = null;
          resolve();
        },
      };
    });
  }
}
