import { connect, constants, type ClientHttp2Session, type Settings } from 'node:http2';
import type { SecureContext } from 'node:tls';
import type { Deadline } from './deadline.js';
import { SendWindow } from './send-window.js';
import { codeOf, exchange, type H2Answer, type H2Loss, type H2Request } from './h2-exchange.js';

/** `connection` says which connection carried the answer, for `H2Origin.retire`. */
export interface H2Reply extends H2Answer {
  connection: number;
}

/** No answer, and why in one word (`Timeout`, `Unwanted`, `ConnectionLost`, `Connection.ECONNREFUSED`, `GoAway.Shutdown`, …). */
export interface H2Failure {
  failure: string;
  /** The peer surely did nothing with the request, so it may be sent again at once. */
  unprocessed: boolean;
}

export interface H2ConnectionOptions {
  id: number;
  origin: string;
  tls: { secureContext?: SecureContext };
  /** APNs allows one stream until it has seen a valid provider token: the first request goes alone. */
  firstAlone: boolean;
  /** Ping after so many silent ms; null for a peer that counts pings as abuse (FCM). */
  pingEveryMs: number | null;
  /** Called once, when no new request may go on this connection any more. */
  onRetired(connection: H2Connection): void;
  /** Called when there may be room for another request. */
  onRoom(): void;
}

/** A request is written before `startBy` or not at all, and its answer is waited for until `deadline`. */
export interface H2Time {
  startBy: Deadline;
  deadline: Deadline;
}

const CONNECT_MS = 2000;
const FIRST_ALONE_MS = 500;
const PING_ANSWER_MS = 2000;
const SILENCE_MS = 500;
const tooLate: H2Failure = { failure: 'Timeout', unprocessed: true };

/**
 * One HTTP/2 connection from its connect to its end. Whatever the peer does, every request settles: on an answer, a
 * reset, a lost connection or its deadline. It never throws and never reconnects; that is H2Origin's part.
 */
export class H2Connection {
  readonly id: number;
  /** Settles once: null when the peer's SETTINGS have arrived, else why the connection failed. */
  readonly ready: Promise<string | null>;
  /** Something was answered here: the peer is no mere acceptor of connections. */
  answered = false;
  /** Streams the peer allows at a time, as far as it has said so. */
  streams = Infinity;
  private retiring = false;
  private inFlight = 0;
  private idleSince = performance.now();
  /** How many requests may be under way, whatever the peer allows: one until the first of an APNs connection is over. */
  private most: number;
  private heardAt = performance.now();
  private failure: string | null = null;
  private lastStreamId = Infinity;
  private readonly session: ClientHttp2Session;
  private readonly window: SendWindow;
  private readonly options: H2ConnectionOptions;

  constructor(options: H2ConnectionOptions) {
    this.id = options.id;
    this.options = options;
    this.most = options.firstAlone ? 1 : Infinity;
    this.session = connect(options.origin, { ...options.tls, settings: { enablePush: false } });
    this.window = new SendWindow(this.session);
    this.ready = this.open();
    this.watch();
  }

  get retired(): boolean {
    return this.retiring;
  }

  /** Whether one more request may be sent now. Node would queue what the peer does not allow, and send it late. */
  get hasRoom(): boolean {
    return !this.retiring && this.inFlight < Math.min(this.most, this.streams);
  }

  /** Milliseconds since the last request was over; 0 while one is under way. */
  get idleMs(): number {
    return this.inFlight > 0 ? 0 : performance.now() - this.idleSince;
  }

  /** Sends one request, for which there must be room, and waits for its whole answer. */
  async request(request: H2Request, time: H2Time): Promise<H2Reply | H2Failure> {
    // Counted while it waits as well: a connection that is retired meanwhile is not closed under it.
    this.inFlight++;
    // Not for longer than half a second: one slow answer must not hold up everybody else's phone.
    if (this.most === 1) setTimeout(() => this.letAllGo(), FIRST_ALONE_MS).unref();
    try {
      const bytes = Buffer.byteLength(request.body);
      if (!this.window.take(bytes) && !(await this.window.turn(bytes, time.startBy))) return tooLate;
      return await this.send(request, bytes, time);
    } finally {
      this.inFlight--;
      this.idleSince = performance.now();
      if (this.retiring && this.inFlight === 0) this.session.destroy();
      this.letAllGo();
    }
  }

  /** No new requests; those under way are let finish (each has its deadline), then the connection is closed. */
  retire(): void {
    if (this.retiring) return;
    this.retiring = true;
    this.options.onRetired(this);
    this.window.abandon();
    if (this.inFlight === 0) this.session.destroy();
  }

  /** Settles when the connection is closed. */
  async closed(): Promise<void> {
    if (this.session.destroyed) return;
    await new Promise((resolve) => this.session.once('close', resolve));
  }

  /** Node takes 100 streams for granted until SETTINGS arrive, and a stricter peer would refuse the burst. */
  private open(): Promise<string | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.failure = 'Connection.Timeout';
        this.session.destroy();
      }, CONNECT_MS);
      this.session.on('remoteSettings', ({ maxConcurrentStreams }: Settings) => {
        clearTimeout(timer);
        this.streams = maxConcurrentStreams ?? Infinity;
        this.heard();
        resolve(null);
        this.options.onRoom();
      });
      this.session.once('close', () => {
        clearTimeout(timer);
        resolve(this.failure ?? 'ConnectionLost');
      });
    });
  }

  private watch(): void {
    // 'close' always follows and does the work.
    this.session.on('error', (error) => (this.failure ??= `Connection.${codeOf(error)}`));
    // Node's own `closed` and `destroyed` stay false here, and a graceful shutdown says it twice, once with its reason.
    this.session.on('goaway', (_code: number, lastStreamId: number, debug?: Uint8Array) => {
      this.lastStreamId = Math.min(this.lastStreamId, lastStreamId);
      if (this.failure === null || this.failure === 'GoAway') this.failure = goAway(debug);
      this.retire();
    });
    const pings = this.pings();
    this.session.once('close', () => {
      clearInterval(pings);
      this.retire();
    });
  }

  /** A connection that died in its sleep (a NAT forgot it) is found before a call has to find it. */
  private pings(): NodeJS.Timeout | undefined {
    const every = this.options.pingEveryMs;
    if (every === null) return undefined;
    const timer = setInterval(() => {
      const { connecting, destroyed } = this.session;
      if (connecting || destroyed || performance.now() - this.heardAt < every) return;
      const unanswered = setTimeout(() => this.session.destroy(), Math.min(PING_ANSWER_MS, every));
      this.session.ping(() => {
        clearTimeout(unanswered);
        this.heard();
      });
    }, every);
    return timer.unref();
  }

  /** The first request is over, or has taken too long: the others need not wait for it. */
  private letAllGo(): void {
    this.most = Infinity;
    this.options.onRoom();
  }

  private async send(
    request: H2Request,
    bytes: number,
    { startBy, deadline }: H2Time,
  ): Promise<H2Reply | H2Failure> {
    const wrote = (): void => this.window.wrote(bytes);
    if (this.retiring || startBy.left === 0) {
      wrote();
      return this.retiring ? { failure: this.failure ?? 'ConnectionLost', unprocessed: true } : tooLate;
    }
    if (request.wanted?.() === false) {
      wrote();
      return { failure: 'Unwanted', unprocessed: false };
    }
    const sentAt = performance.now();
    const heard = (): void => this.heard();
    const result = await exchange(this.session, request, deadline.left, { heard, wrote });
    if ('status' in result) {
      this.answered = true;
      return { ...result, connection: this.id };
    }
    return this.lost(result, sentAt);
  }

  private lost({ lost, cause, rstCode, streamId }: H2Loss, sentAt: number): H2Failure {
    const failure = this.failure ?? (cause === null ? 'ConnectionLost' : `Connection.${cause}`);
    switch (lost) {
      case 'invalid':
        return { failure: 'InvalidRequest', unprocessed: false };
      case 'refused to send':
        this.retire();
        return { failure, unprocessed: true };
      case 'late':
        // Slow for one is no reason to leave a connection that answers others; silent for all is.
        if (this.heardAt < sentAt && performance.now() - sentAt >= SILENCE_MS) this.retire();
        return { failure: 'Timeout', unprocessed: false };
      case 'reset': {
        const refused = rstCode === constants.NGHTTP2_REFUSED_STREAM;
        // The peer is leaving or wants fewer streams: the next ones go elsewhere.
        if (refused) this.retire();
        const onlyTheStream = !this.session.closed && !this.session.destroyed;
        return {
          failure: onlyTheStream ? `Reset.${rstCode}` : failure,
          unprocessed: refused || streamId > this.lastStreamId,
        };
      }
    }
  }

  private heard(): void {
    this.heardAt = performance.now();
    this.window.look();
  }
}

/** APNs says why it leaves in the debug data, with the words of its error table: `{"reason":"Shutdown"}`. */
function goAway(debug: Uint8Array | undefined): string {
  const reason = /"reason"\s*:\s*"([A-Za-z]{1,40})"/.exec(
    Buffer.from(debug ?? [])
      .subarray(0, 1024)
      .toString(),
  )?.[1];
  return reason === undefined ? 'GoAway' : `GoAway.${reason}`;
}
