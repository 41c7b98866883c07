import type { Deadline } from './deadline.js';
import { H2Connection, type H2Failure, type H2Reply } from './h2-connection.js';
import type { H2Request } from './h2-exchange.js';
import { InFlight } from './in-flight.js';
import { trust } from './trust.js';

export interface H2OriginOptions {
  /** `https://host[:port]`, or `http://…` for HTTP/2 without TLS on a desk. */
  origin: string;
  /** PEM of an authority to trust besides the public ones. */
  ca?: string | undefined;
  /** Let the first request of a connection finish before the others go (APNs). */
  firstAlone?: boolean;
  /** Ping after so many silent ms (APNs; FCM hangs up on pings). */
  pingEveryMs?: number | null;
}

const attempts = 3;
const pauseMs = 100;
const longestPauseMs = 1000;

/**
 * One server that is spoken to over one HTTP/2 connection at a time: opened by the first request, replaced when the
 * peer says GOAWAY, refuses streams, falls silent or hangs up. What the peer surely never processed is sent again at
 * once, up to three times inside the deadline; everything else that breaks is returned, and the caller decides.
 */
export class H2Origin {
  #current: H2Connection | null = null;
  #opening: Promise<H2Connection | H2Failure> | null = null;
  #opened = 0;
  #fruitless = 0;
  #notBefore = 0;
  #closed = false;
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

  /** Never throws and always settles by the deadline, which counts connecting and resending too. */
  async request(request: H2Request, deadline: Deadline): Promise<H2Reply | H2Failure> {
    if (this.#closed) return { failure: 'Closed', unprocessed: true };
    return this.#inFlight.add(this.#deliver(request, deadline));
  }

  /** Sends what comes next over a new connection, unless that has happened already since `connection` answered. */
  retire(connection: number): void {
    if (this.#current?.id === connection) this.#current.retire();
  }

  /** Takes nothing new, lets what is under way finish, and closes the connections. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#inFlight.done();
    const open = [...this.#open];
    for (const connection of open) connection.retire();
    await Promise.all(open.map((connection) => connection.closed()));
  }

  async #deliver(request: H2Request, deadline: Deadline): Promise<H2Reply | H2Failure> {
    for (let attempt = 1; ; attempt++) {
      const connection = this.#current ?? (await this.#connected(deadline));
      if (!(connection instanceof H2Connection)) return connection;
      const result = await connection.request(request, deadline);
      if ('status' in result) {
        this.#fruitless = 0;
        return result;
      }
      if (!result.unprocessed || attempt === attempts || deadline.left === 0) return result;
    }
  }

  /** All who wait share one attempt to connect. */
  async #connected(deadline: Deadline): Promise<H2Connection | H2Failure> {
    this.#opening ??= this.#connect().finally(() => (this.#opening = null));
    const connection = await deadline.wait(this.#opening);
    return connection === 'late' ? { failure: 'Timeout', unprocessed: true } : connection;
  }

  async #connect(): Promise<H2Connection | H2Failure> {
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
    });
    this.#open.add(connection);
    void connection.closed().then(() => this.#open.delete(connection));

    const failure = await connection.ready;
    if (failure !== null) return { failure, unprocessed: true };
    if (!connection.retired) this.#current = connection;
    return connection;
  }

  /** A peer that hangs up before it ever answered is not called again in a storm; the first time is free. */
  #retired(connection: H2Connection): void {
    if (this.#current === connection) this.#current = null;
    if (connection.answered) return;
    const pause = Math.min(pauseMs * 2 ** (this.#fruitless - 1), longestPauseMs);
    if (this.#fruitless > 0) this.#notBefore = performance.now() + pause * (0.5 + Math.random());
    this.#fruitless++;
  }
}
