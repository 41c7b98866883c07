import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CLOCK, type Clock } from '../time/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { Presence } from '../presence/presence.js';
import { Log } from '../log/log.js';
import { SealedMessages } from './sealed-messages.js';

/** Injection token of the secret that the nodes of one database share. */
export const NODES_SECRET = Symbol('nodes secret');

const ANSWER_MS = 400;
const COMMAND_MS = 1_000;
const HEARTBEAT_MS = 2_000;
/** How long an answer may come late: a Redis that hung passes on what it held, and no node believes what is older. */
const LATE_MS = 60_000;
/** By then other nodes have come back to a Redis that was away as well: they try every second. */
const REUNION_MS = 3_000;

interface Message {
  topic: string;
  payload: unknown;
  /** Present when the sender waits for an answer. */
  question?: string;
  /** Nodes that have nothing to say need not answer. */
  optional?: true;
}

export interface Answers<R> {
  answers: R[];
  /** That was all of the other nodes. */
  complete: boolean;
  /** It was not, because Redis is away, or was a moment ago. Otherwise a node is gone or held up. */
  redisAway: boolean;
}

interface Asked {
  answers: unknown[];
  heard: number;
  expected: number;
  /** Redis has passed it on. */
  published: boolean;
  /** The first answer is enough. */
  first: boolean;
  done(): void;
}

/**
 * What nodes tell each other over Redis: hints that something happened, and signals on their way to a device elsewhere.
 * At most once, by nature: PostgreSQL is the truth, and whoever misses a hint reads it there a moment later. Without
 * `REDIS_URL`, or while Redis is away, there is nobody to tell.
 */
@Injectable()
export class RedisBus implements OnModuleInit, OnModuleDestroy {
  private pub: Redis | null = null;
  private sub: Redis | null = null;
  private heartbeat: NodeJS.Timeout | null = null;
  private readonly handlers = new Map<string, (payload: never) => unknown>();
  private readonly asked = new Map<string, Asked>();
  /** Who takes answers to questions that are given up, by question. */
  private readonly late = new Map<string, (answer: never) => void>();
  private readonly envelopes: SealedMessages;
  /** Of this database alone: Redis is often shared. */
  private readonly channel: string;
  private away = false;
  /** On the clock of `performance`. */
  private connectedAt = -Infinity;
  private whenBack: () => void = () => undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly presence: Presence,
    private readonly log: Log,
    @Inject(NODES_SECRET) secret: string,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.envelopes = new SealedMessages(secret, presence.nodeId, clock);
    this.channel = `ringway:${this.envelopes.realm}`;
  }

  /** Whether there may be other nodes to tell. */
  get clustered(): boolean {
    return this.config.redisUrl !== null;
  }

  /** False while Redis is away. */
  get connected(): boolean {
    return this.pub?.status === 'ready' && this.sub?.status === 'ready';
  }

  async onModuleInit(): Promise<void> {
    if (this.config.redisUrl === null) return;
    this.pub = this.connect(this.config.redisUrl, { enableOfflineQueue: false, commandTimeout: COMMAND_MS });
    // Queued until Redis is there, and repeated by the client after every reconnection.
    this.sub = this.connect(this.config.redisUrl, { maxRetriesPerRequest: null });
    this.sub.on('message', (channel, text) => this.receive(channel, text));
    const subscribed = this.sub.subscribe(this.channel, this.answersOf(this.presence.nodeId));
    subscribed.catch(() => undefined);
    this.heartbeat = setInterval(() => void this.check(), HEARTBEAT_MS).unref();
    // A healthy Redis is there at once; a missing one must not hold up the start.
    await Promise.race([
      subscribed.catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, COMMAND_MS).unref()),
    ]);
  }

  onModuleDestroy(): void {
    if (this.heartbeat) clearInterval(this.heartbeat);
    this.pub?.disconnect();
    this.sub?.disconnect();
  }

  /** To all other nodes; may get lost. False when it surely did. */
  async tell(topic: string, payload: object = {}): Promise<boolean> {
    return (await this.publish({ topic, payload })) > 0;
  }

  /** Gives something to the one node that has a use for it. @returns whether a node has taken it; unknown is no */
  async hand(topic: string, payload: object): Promise<boolean> {
    const { answers } = await this.question({ topic, payload, optional: true });
    return answers.length > 0;
  }

  /**
   * Asks all other nodes, and takes the answers that come in time.
   * @param late takes each answer that comes after that, within a minute: for questions whose answer gives something away
   */
  async ask<R>(topic: string, payload: object, late?: (answer: R) => void): Promise<Answers<R>> {
    return (await this.question({ topic, payload }, late)) as Answers<R>;
  }

  private async question(message: Message, late?: (answer: never) => void): Promise<Answers<unknown>> {
    if (!this.connected) return { answers: [], complete: false, redisAway: true };
    const question = randomUUID();
    return new Promise((resolve) => {
      const asked: Asked = {
        answers: [],
        heard: 0,
        expected: Infinity,
        published: false,
        first: message.optional ?? false,
        done: () => {
          clearTimeout(timer);
          this.asked.delete(question);
          const complete = asked.heard >= asked.expected;
          if (late && !complete) this.mayStillBeAnswered(question, late);
          const reunited = asked.published && performance.now() - this.connectedAt >= REUNION_MS;
          resolve({ answers: asked.answers, complete, redisAway: !complete && !reunited });
        },
      };
      const timer = setTimeout(asked.done, ANSWER_MS);
      this.asked.set(question, asked);
      void this.publish({ ...message, question }).then((receivers) => {
        asked.published = receivers > 0;
        // This node hears itself. The others are yet to come back when Redis has only just done so.
        const others = receivers - 1;
        if (others > 0 || (others === 0 && this.presence.alone)) asked.expected = others;
        if (others <= 0 || asked.heard >= asked.expected) asked.done();
      });
    });
  }

  private mayStillBeAnswered(question: string, late: (answer: never) => void): void {
    this.late.set(question, late);
    setTimeout(() => this.late.delete(question), LATE_MS).unref();
  }

  /** Called when other nodes can be told, the first time and after every absence of Redis. */
  onConnected(listener: () => void): void {
    this.whenBack = listener;
  }

  /** What to do when another node tells or asks; what `handle` returns goes back to whoever asked. */
  hear<P>(topic: string, handle: (payload: P) => unknown): void {
    this.handlers.set(topic, handle);
  }

  /** A Redis that hangs takes everything and does nothing: its connections are given up, and it is away until it answers. */
  private async check(): Promise<void> {
    if (!this.connected || (await this.pub!.ping().catch(() => null))) return;
    this.pub?.disconnect(true);
    this.sub?.disconnect(true);
  }

  private receive(channel: string, text: string): void {
    const from = SealedMessages.senderOf(text);
    if (from === this.presence.nodeId) return;
    let message: Message;
    try {
      message = this.envelopes.open(text) as Message;
    } catch (error) {
      // Anybody with access to Redis can publish: what does not open is not ours, or not new. No stack: it is no bug.
      const reason = (error as Error).message;
      return this.log.warnRarely('messages in the channel of the nodes are not believed', { reason });
    }
    const { topic, payload, question, optional } = message;
    if (channel !== this.channel) return this.answered(question, payload);
    let answer: unknown;
    try {
      answer = this.handlers.get(topic)?.(payload as never);
    } catch (error) {
      this.log.error('a message of another node could not be handled', { topic, error });
    }
    if (question === undefined || (optional && !answer)) return;
    void this.publish({ topic, payload: answer ?? null, question }, from);
  }

  private answered(question: string | undefined, answer: unknown): void {
    const asked = this.asked.get(question ?? '');
    if (!asked) {
      if (answer !== null) this.late.get(question ?? '')?.(answer as never);
      return;
    }
    asked.heard++;
    // A node that has only just begun to listen says that it has nothing to say.
    if (answer !== null) asked.answers.push(answer);
    if (asked.heard >= asked.expected || asked.first) asked.done();
  }

  /**
   * @param to the node that waits for this answer; to all others when absent
   * @returns how many nodes got it; this one included when it is to all
   */
  private async publish(message: Message, to?: string): Promise<number> {
    if (!this.pub || !this.connected) return 0;
    const channel = to === undefined ? this.channel : this.answersOf(to);
    return this.pub.publish(channel, this.envelopes.seal(message, to)).catch(() => 0);
  }

  private answersOf(nodeId: string): string {
    return `${this.channel}:answers:${nodeId}`;
  }

  private connect(
    url: string,
    options: { enableOfflineQueue?: boolean; commandTimeout?: number; maxRetriesPerRequest?: null },
  ): Redis {
    const client = new Redis(url, {
      ...options,
      connectTimeout: COMMAND_MS,
      keepAlive: 5_000,
      retryStrategy: (attempt: number) => Math.min(100 * attempt, 1_000),
    });
    client.on('error', (error) => {
      if (!this.away) this.log.warn('Redis is away; nodes learn from PostgreSQL meanwhile', { error });
      this.away = true;
    });
    client.on('ready', () => {
      if (!this.connected) return;
      this.connectedAt = performance.now();
      if (this.away) this.log.info('Redis is back');
      this.away = false;
      this.whenBack();
    });
    return client;
  }
}
