import type { Pool } from 'pg';
import { Checkpoint } from './checkpoint.js';
import { deliver } from './partitioned-dispatch.js';
import type { StoredEvent } from './event.js';
import type { Cursor, EventStore } from './event-store.js';

const LEASE_MS = 5_000;
const FIRST_PAUSE_MS = 500;

export interface SubscriptionOptions {
  /** The checkpoint's name; one node at a time works on it. */
  name: string;
  /** Called with one event after the other, at least once each. Throwing means: again, after pauses that grow. */
  handle(event: StoredEvent): Promise<void>;
  /** Events of different partitions in hand at once; 1 keeps the global order. */
  parallel?: number;
  /** What must follow each other; null for what must be alone. An event's stream when not given. */
  partitionOf?(event: StoredEvent): string | null;
  batchSize?: number;
  /** How long to sleep when there is nothing new; `wake()` ends the sleep. */
  pollMs?: number;
  /** A node that dies keeps others waiting this long; extended while there is work. */
  leaseMs?: number;
  /** The longest pause while `handle` throws. */
  longestPauseMs?: number;
  onError?(error: unknown): void;
}

/**
 * Hands out all events to one node at a time and remembers how far it came. The checkpoint moves only over what has
 * been handled and only while the lease's epoch is still ours, so nothing is skipped and a stale node changes nothing.
 */
export class Subscription {
  private running = true;
  private woken = false;
  private sleep: { wake(): void } | null = null;
  /** Handled already though something before it is not; by position. */
  private ahead = new Set<string>();
  /** Where `handle` has thrown, and how often without any progress. */
  private stuck: { at: string; times: number } | null = null;
  private readonly checkpoint: Checkpoint;
  private readonly done: Promise<void>;

  constructor(
    private readonly store: EventStore,
    pool: Pool,
    private readonly options: SubscriptionOptions,
  ) {
    this.checkpoint = new Checkpoint(pool, options.name, options.leaseMs ?? LEASE_MS);
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
      if (!this.running || more) continue;
      if (this.stuck) await this.pause(this.backOff(this.stuck.times));
      else if (!this.woken) await this.pause(pollMs * (0.75 + Math.random() / 2));
    }
  }

  /** @returns whether there may be more right away */
  private async step(): Promise<boolean> {
    const { batchSize = 500 } = this.options;
    const cursor = await this.checkpoint.read();
    if (cursor.position !== this.stuck?.at) this.stuck = null;
    const events = await this.store.readAfter(cursor, batchSize);
    if (events.length === 0 || !(await this.checkpoint.lease(cursor))) return false;
    this.ahead = new Set(events.map(({ position }) => position).filter((one) => this.ahead.has(one)));
    const reached = (): Cursor => {
      const gap = events.findIndex(({ position }) => !this.ahead.has(position));
      const handled = gap < 0 ? events : events.slice(0, gap);
      return handled.at(-1)?.cursor ?? cursor;
    };
    await this.work(events, reached);
    return this.stuck === null && events.length === batchSize;
  }

  /** Holds the lease while the events are handled, and remembers how far that came, whatever becomes of it. */
  private async work(events: readonly StoredEvent[], reached: () => Cursor): Promise<void> {
    const {
      handle,
      parallel = 1,
      partitionOf = ({ streamId }) => streamId,
      onError,
      leaseMs = LEASE_MS,
    } = this.options;
    let held = true;
    let extended = Promise.resolve();
    const extend = async (): Promise<void> => {
      held &&= await this.checkpoint.extend(reached());
    };
    const timer = setInterval(() => {
      extended = extended.then(extend).catch(onError);
    }, leaseMs / 3);
    try {
      const left = events.filter(({ position }) => !this.ahead.has(position));
      const onDelivered = ({ position }: StoredEvent): unknown => this.ahead.add(position);
      await deliver(left, {
        handle,
        parallel,
        partitionOf,
        onDelivered,
        mayGoOn: () => held && this.running,
      });
    } catch (error) {
      onError?.(error);
      const at = reached().position;
      this.stuck = { at, times: this.stuck?.at === at ? this.stuck.times + 1 : 1 };
    } finally {
      clearInterval(timer);
      await extended;
      await this.checkpoint.release(reached());
    }
  }

  /** Doubled each time, with jitter, so that nodes do not come together to a receiver that is just recovering. */
  private backOff(times: number): number {
    const { longestPauseMs = 30_000 } = this.options;
    return Math.min(longestPauseMs, FIRST_PAUSE_MS * 2 ** (times - 1)) * (0.5 + Math.random() / 2);
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
