import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { CallChanged } from '../calls/call-changed.js';
import { type StoredEvent, StoreUnavailable } from '../event-store/event.js';
import { type Cursor, EventStore } from '../event-store/event-store.js';
import { Presence } from '../presence/presence.js';
import { Log } from '../log/log.js';
import { WakeProgressed } from '../ringing/wake-progressed.js';
import { RedisBus } from './redis-bus.js';

const POLL_MS = 250;
const BATCH = 500;
/** Hints are sent at most once in so many milliseconds: one look finds all that happened meanwhile. */
const HINT_MS = 5;

/**
 * What other nodes recorded, read from the store in global order: their hint says when to look, and a regular look finds
 * what no hint told, also from a node that died between its commit and its announcement, and what this node recorded
 * without knowing, because PostgreSQL's answer never came. Idle while there is one node and nothing in doubt.
 */
@Injectable()
@EventsHandler(CallChanged, WakeProgressed)
export class EventFeed
  implements IEventHandler<CallChanged | WakeProgressed>, OnApplicationBootstrap, OnModuleDestroy
{
  private cursor: Cursor | null = null;
  private listener: ((events: StoredEvent[]) => Promise<void>) | null = null;
  private timer: NodeJS.Timeout | null = null;
  private reading: Promise<void> | null = null;
  private again = false;
  private hint: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private readonly store: EventStore,
    private readonly presence: Presence,
    private readonly bus: RedisBus,
    private readonly log: Log,
  ) {}

  /** Who hears of what other nodes recorded, one append after the other. */
  onAppend(listener: (events: StoredEvent[]) => Promise<void>): void {
    this.listener = listener;
  }

  /** The regular look, for what nobody has told of. */
  look(): void {
    this.read();
  }

  /** Another node says that there is something new. */
  wake(): void {
    this.again = true;
    this.read();
  }

  handle(): void {
    this.recorded();
  }

  /** This node has recorded something: the others may look. */
  recorded(): void {
    if (!this.bus.clustered) return;
    this.hint ??= setTimeout(() => {
      this.hint = null;
      void this.bus.tell('recorded');
    }, HINT_MS);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.cursor = await this.store.head();
    this.timer = setInterval(() => this.look(), POLL_MS);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearInterval(this.timer);
    if (this.hint) clearTimeout(this.hint);
    await this.reading;
  }

  private read(): void {
    if (this.reading || this.stopped || !this.cursor) return;
    this.reading = this.catchUp()
      .catch((error: unknown) =>
        this.log.warnRarely('what other nodes recorded could not be read', { error }),
      )
      .then(() => {
        this.reading = null;
        if (this.again) this.wake();
      });
  }

  /** What cannot be told, ever, must not keep everything behind it from being told. */
  private async tell(append: StoredEvent[]): Promise<void> {
    try {
      await this.listener?.(append);
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error; // the batch is read again
      const [{ streamId, version, type }] = append as [StoredEvent];
      this.log.error('what another node recorded could not be told', { streamId, version, type, error });
    }
  }

  private async catchUp(): Promise<void> {
    this.again = false;
    if (this.presence.alone && !this.bus.clustered && !this.store.commands.areInDoubt) {
      // Stay close behind the head, so that the first events of a node that joins are not missed.
      this.cursor = this.presence.recentHead ?? this.cursor;
      return;
    }
    for (let more = true; more && !this.stopped;) {
      const events = await this.store.readAfter(this.cursor!, BATCH);
      const appends = new Map<string, StoredEvent[]>();
      for (const event of events) {
        if (this.store.commands.isOwn(event.commandId)) continue;
        const key = `${event.commandId} ${event.streamId}`;
        appends.set(key, [...(appends.get(key) ?? []), event]);
      }
      for (const append of appends.values()) await this.tell(append);
      this.cursor = events.at(-1)?.cursor ?? this.cursor;
      more = events.length === BATCH;
    }
  }
}
