import { createHmac } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Pool } from 'pg';
import { rfc3339 } from '../calls/domain/call-view.js';
import { CLOCK, type Clock } from '../time/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { CONTROL_POOL } from '../database/pools.js';
import { Checkpoint } from '../event-store/checkpoint.js';
import type { StoredEvent } from '../event-store/event.js';
import { EventStore } from '../event-store/event-store.js';
import { Subscription } from '../event-store/subscription.js';
import { Log } from '../log/log.js';

const ANSWER_MS = 10_000;
const BATCH = 100;
const PARALLEL = 8;
/** What a node that is killed keeps the others waiting. */
const LEASE_MS = 12_000;
const POLL_MS = 500;
/** The name of the subscription. */
export const WEBHOOKS = 'webhooks';

/**
 * Tells the app's own backend what happened, at least once and in order per call, signed as Standard Webhooks
 * (https://www.standardwebhooks.com) describe. While the backend is away nothing is lost; it goes on where it stopped.
 */
@Injectable()
export class Webhooks implements OnApplicationBootstrap, OnModuleDestroy {
  private subscription: Subscription | null = null;
  /** Deliveries under way. One signal for each: of signals that are combined, Node 20 never lets go. */
  private readonly underWay = new Set<AbortController>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CONTROL_POOL) private readonly pool: Pool,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly store: EventStore,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { webhook } = this.config;
    if (webhook === null) return;
    // Switched on for the first time, they tell what happens from now on.
    await new Checkpoint(this.pool, WEBHOOKS, LEASE_MS).beginAt(await this.store.head());
    this.subscription = new Subscription(this.store, this.pool, {
      name: WEBHOOKS,
      batchSize: BATCH,
      leaseMs: LEASE_MS,
      pollMs: POLL_MS,
      parallel: PARALLEL,
      partitionOf,
      handle: (event) => this.deliver(webhook, event),
      onError: (error) =>
        this.log.warnRarely('the webhook could not be delivered and will be repeated', { error }),
    });
  }

  async onModuleDestroy(): Promise<void> {
    const stopped = this.subscription?.stop();
    for (const delivery of this.underWay) delivery.abort(); // at least once: the next node sends it again
    await stopped;
  }

  private async deliver({ url, secret }: { url: string; secret: string }, event: StoredEvent): Promise<void> {
    const { streamId, version, position, type, data, at, actor } = event;
    // Goes into a header, which takes no text such as a user id in Cyrillic.
    const id = `${encodeURIComponent(streamId)}/${version}`;
    const body = JSON.stringify({
      id,
      type,
      at: rfc3339(at),
      position: Number(position),
      streamId,
      callId: callIdOf(streamId),
      version,
      data,
      actor,
    });
    const timestamp = Math.floor(this.clock.now() / 1_000);
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
    this.underWay.add(giveUp);
    try {
      await this.post(url, { id, timestamp, secret, body }, giveUp.signal);
    } finally {
      clearTimeout(timer);
      this.underWay.delete(giveUp);
    }
  }

  private async post(
    url: string,
    { id, timestamp, secret, body }: { id: string; timestamp: number; secret: string; body: string },
    signal: AbortSignal,
  ): Promise<void> {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signature(secret, id, timestamp, body),
      },
      body,
      redirect: 'error',
      signal,
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  }
}

const callIdOf = (streamId: string): string | null => /^(?:call|wake)-(.+)$/.exec(streamId)?.[1] ?? null;

/** A call and its pushes are one partition. An erasure is alone: nothing with the user's name may come after it. */
const partitionOf = ({ streamId }: StoredEvent): string | null =>
  streamId.startsWith('user-') ? null : (callIdOf(streamId) ?? streamId);

/** `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; a secret `whsec_…` is base64, any other is taken as it is. */
export const signature = (secret: string, id: string, timestamp: number, body: string): string =>
  `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`;

const PREFIX = 'whsec_';
const keyOf = (secret: string): Buffer =>
  secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret);
