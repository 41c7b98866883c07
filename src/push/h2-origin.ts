import { Deadline } from './deadline.js';
import { H2Connection, type H2Failure, type H2Reply, type H2Time } from './h2-connection.js';
import type { H2Request } from './h2-exchange.js';
import { InFlight } from './in-flight.js';
import { trust } from './tls-context.js';

export interface H2OriginOptions {
  /** `https://host[:port]`, or `http://…` for HTTP/2 without TLS on a desk. */
  origin: string;
  /** PEM of an authority to trust besides the public ones. */
  ca?: string | undefined;
  /** Let the first request of a connection finish before the others go (APNs). */
  firstAlone?: boolean;
  /** Ping after so many silent ms (APNs; FCM hangs up on pings). */
  pingEveryMs?: number | null;
  /** How many connections there may be at a time (1). */
  connections?: number;
  /** How long a connection beside the first may be of no use before it is closed (60,000). */
  idleMs?: number;
}

/** A request that found no room on any connection. */
interface Waiting {
  start(connection: H2Connection): void;
  fail(failure: H2Failure): void;
}

const attempts = 3;
const pauseMs = 100;
const longestPauseMs = 1000;
const idleMs = 60_000;
/** One waiting push is about 3 kB. */
const mostWaiting = 5000;
const tooLate: H2Failure = { failure: 'Timeout', unprocessed: true };
const overloaded: H2Failure = { failure: 'Overloaded', unprocessed: true };

/**
 * One server that is spoken to over HTTP/2. The first request opens a connection; more are opened, up to
 * `connections`, when the peer's limit of concurrent streams is reached, and closed when they are idle. A connection
 * is replaced when the peer says GOAWAY, refuses streams, falls silent or hangs up.
 *
 * A request for which there is no room waits its turn, but only for half of its time: the other half is for the answer,
 * so that what counts as failed has not been delivered a moment later. What the peer surely never processed is sent
 * again at once, up to three times; everything else that breaks is returned, and the caller decides.
 */
export class H2Origin {
  /** Connections for new requests, the oldest first. */
  #usable: H2Connection[] = [];
  #opening = 0;
  #opened = 0;
  /** The newest connection on which anything was answered. */
  #proven = 0;
  #fruitless = 0;
  #notBefore = 0;
  #closed = false;
  /** Streams a connection to this peer allows, as far as is known. */
  #streams = Infinity;
  #idleTimer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<Waiting>();
  readonly #open = new Set<H2Connection>();
  readonly #inFlight = new InFlight();
  readonly #tls: ReturnType<typeof trust>;
  readonly #options: H2OriginOptions;

  constructor(options: H2OriginOptions) {
    const { protocol } = new URL(options.origin);
    if (protocol !== 'https:' && protocol !== 'http:')
      throw new TypeError(`Not an origin: ${options.origin}`);
    this.#options = options;
    this.#tls = trust(options.ca);
  }

  /** Never throws and always settles by the deadline, which counts waiting, connecting and resending too. */
  async request(request: H2Request, deadline: Deadline): Promise<H2Reply | H2Failure> {
    if (this.#closed) return { failure: 'Closed', unprocessed: true };
    return this.#inFlight.add(this.#deliver(request, deadline));
  }

  /** Sends what comes next over a new connection, unless that has happened already since `connection` answered. */
  retire(connection: number): void {
    this.#usable.find(({ id }) => id === connection)?.retire();
  }

  /** Takes nothing new, lets what is under way finish, and closes the connections. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#inFlight.done();
    clearTimeout(this.#idleTimer);
    const open = [...this.#open];
    for (const connection of open) connection.retire();
    await Promise.all(open.map((connection) => connection.closed()));
  }

  async #deliver(request: H2Request, deadline: Deadline): Promise<H2Reply | H2Failure> {
    const time = { startBy: new Deadline(deadline.left / 2), deadline };
    for (let attempt = 1; ; attempt++) {
      const connection = this.#withRoom();
      const started = connection
        ? { answer: connection.request(request, time) }
        : await this.#turn(request, time);
      if ('failure' in started) return started;
      const result = await started.answer;
      if ('status' in result) {
        if (result.connection > this.#proven) {
          this.#proven = result.connection;
          this.#fruitless = 0;
        }
        return result;
      }
      if (!result.unprocessed || attempt === attempts || time.startBy.left === 0) return result;
    }
  }

  #withRoom(): H2Connection | undefined {
    return this.#usable.find(({ hasRoom }) => hasRoom);
  }

  /** Waits until a connection has room, and starts the request there in the same moment, so that nobody takes its place. */
  #turn(request: H2Request, time: H2Time): Promise<{ answer: Promise<H2Reply | H2Failure> } | H2Failure> {
    if (this.#waiting.size >= mostWaiting) return Promise.resolve(overloaded);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        start: (connection) => {
          clearTimeout(timer);
          resolve({ answer: connection.request(request, time) });
        },
        fail: (failure) => {
          clearTimeout(timer);
          resolve(failure);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        resolve(tooLate);
      }, time.startBy.left);
      this.#waiting.add(waiting);
      this.#grow();
    });
  }

  /** There may be room: those who wait go, in their order. */
  #dispatch(): void {
    if (this.#waiting.size === 0) return;
    for (const waiting of this.#waiting) {
      const connection = this.#withRoom();
      if (connection === undefined) break;
      this.#waiting.delete(waiting);
      waiting.start(connection);
    }
    this.#grow();
  }

  /** Opens as many connections as those who wait need, and as there may be. */
  #grow(): void {
    if (this.#waiting.size === 0) return;
    const needed = Math.max(1, Math.ceil(this.#waiting.size / Math.max(1, this.#streams)));
    const most = (this.#options.connections ?? 1) - this.#usable.length;
    while (this.#opening < Math.min(needed, most)) void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#opening++;
    const outcome = await this.#connected();
    this.#opening--;
    if (this.#usable.length === 0 && this.#opening === 0) {
      // There is nothing else to wait for: everybody finds out what is wrong with this one.
      for (const waiting of this.#waiting) {
        if (outcome instanceof H2Connection) waiting.start(outcome);
        else waiting.fail(outcome);
      }
      this.#waiting.clear();
    }
    this.#dispatch();
  }

  async #connected(): Promise<H2Connection | H2Failure> {
    const pause = this.#notBefore - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause).unref()); // who waits has a deadline
    if (this.#closed && this.#inFlight.size === 0) return { failure: 'Closed', unprocessed: true };

    const connection = new H2Connection({
      id: ++this.#opened,
      origin: this.#options.origin,
      tls: this.#tls,
      firstAlone: this.#options.firstAlone ?? false,
      pingEveryMs: this.#options.pingEveryMs ?? null,
      onRetired: (retired) => this.#retired(retired),
      onRoom: () => this.#dispatch(),
    });
    this.#open.add(connection);
    void connection.closed().then(() => this.#open.delete(connection));

    const failure = await connection.ready;
    if (failure !== null) return { failure, unprocessed: true };
    if (!connection.retired) {
      this.#streams = connection.streams;
      this.#usable.push(connection);
      this.#watchIdle();
    }
    return connection;
  }

  /** A peer that hangs up before it ever answered is not called again in a storm; the first time is free. */
  #retired(connection: H2Connection): void {
    this.#usable = this.#usable.filter((one) => one !== connection);
    if (!connection.answered) {
      const pause = Math.min(pauseMs * 2 ** (this.#fruitless - 1), longestPauseMs);
      if (this.#fruitless > 0) this.#notBefore = performance.now() + pause * (0.5 + Math.random());
      this.#fruitless++;
    }
    this.#grow();
  }

  /** The first connection stays: the next call should not have to wait for a handshake. */
  #watchIdle(): void {
    if (this.#idleTimer !== undefined || this.#usable.length < 2) return;
    const limit = this.#options.idleMs ?? idleMs;
    const look = (): void => {
      this.#idleTimer = undefined;
      for (const connection of this.#usable.slice(1)) if (connection.idleMs >= limit) connection.retire();
      this.#watchIdle();
    };
    this.#idleTimer = setTimeout(look, limit).unref();
  }
}
