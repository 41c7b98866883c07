import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Answer, bodyLimit, type Exchange, headerPairs, headerValue } from './exchange.js';
import type { WireTap } from './wire-tap.js';

export interface Goaway {
  /** Error code of RFC 9113 section 7. */
  code: number;
  lastStream: number;
  debug?: string;
  /** Sent a second time, as APNs has been seen to do. */
  twice?: boolean;
}

/** One TLS connection of a sender, and what a server may do to it. */
export class Connection {
  readonly id: number;
  readonly remote: string;
  /** No longer fit for new requests, by our doing: a sender that leaves it is right. */
  retired = false;
  /** Highest stream id of a request so far. */
  lastStream = 0;
  private readonly raw: Socket;
  private readonly tls: TLSSocket;
  private spoiled = false;
  private session: ServerHttp2Session | null = null;
  private tap: WireTap | null = null;
  private acceptedUpTo = Infinity;
  private readonly open = new Set<number>();

  constructor(id: number, raw: Socket, tls: TLSSocket) {
    this.id = id;
    this.raw = raw;
    this.tls = tls;
    this.remote = raw.remoteAddress ?? 'unknown';
  }

  /** Is there no reason to leave it for another? A fault on it is one. */
  get fit(): boolean {
    return !this.retired && !this.spoiled;
  }

  get closed(): boolean {
    return this.raw.destroyed;
  }

  /** Requests that have not been answered yet. */
  get busy(): boolean {
    return this.open.size > 0;
  }

  speakHttp2(session: ServerHttp2Session, tap: WireTap): void {
    this.session = session;
    this.tap = tap;
  }

  hasSeen(stream: number): boolean {
    return stream <= this.lastStream;
  }

  setMaxStreams(maxConcurrentStreams: number): void {
    if (this.session !== null && !this.session.destroyed && !this.retired) {
      this.session.settings({ maxConcurrentStreams });
    }
  }

  ping(): void {
    if (this.session !== null && !this.session.destroyed && !this.retired) {
      this.session.ping(() => undefined);
    }
  }

  /**
   * Sends GOAWAY. With code 0 the streams up to `lastStream` are still answered, and then the connection ends; with any
   * other code it ends at once.
   */
  goaway({ code, lastStream, debug = '', twice = false }: Goaway): void {
    if (this.retired) return;
    this.retired = true;
    if (this.tap === null) return this.end();
    this.acceptedUpTo = lastStream;
    for (let i = 0; i < (twice ? 2 : 1); i++) this.tap.goaway(lastStream, code, debug);
    if (code !== 0) this.end();
    else this.endWhenAnswered();
  }

  /** Something went wrong here that a careful sender answers with a new connection. */
  spoil(): void {
    this.spoiled = true;
  }

  freeze(): void {
    this.retired = true;
    this.tap?.freeze();
  }

  /** A TCP RST, without TLS or HTTP/2 saying goodbye. */
  resetTcp(): void {
    this.retired = true;
    this.raw.resetAndDestroy();
  }

  destroy(): void {
    this.retired = true;
    this.tls.destroy();
    this.raw.destroy();
  }

  http2Exchange(
    stream: ServerHttp2Stream,
    rawHeaders: readonly string[],
    ready: (exchange: Exchange) => void,
  ): void {
    const id = stream.id ?? 0;
    this.lastStream = Math.max(this.lastStream, id);
    stream.on('error', () => undefined);
    if (id > this.acceptedUpTo) return;
    this.open.add(id);
    stream.on('close', () => {
      this.open.delete(id);
      this.endWhenAnswered();
    });
    const headers = headerPairs(rawHeaders);
    const answerable = (): boolean => !stream.destroyed && !stream.closed && !stream.headersSent;
    this.collect(stream, (body, bodyBytes) =>
      ready({
        connection: this,
        stream: id,
        method: headerValue(headers, ':method') ?? '',
        path: headerValue(headers, ':path') ?? '',
        headers,
        body,
        bodyBytes,
        respond: ({ status, headers: more, body: text, emptyLastFrame }: Answer) => {
          if (!answerable()) return;
          stream.respond({ ':status': status, ...more }, { endStream: text === undefined });
          if (text === undefined) return;
          if (!emptyLastFrame) stream.end(text);
          else stream.write(text, () => stream.end());
        },
        reset: (code) => {
          if (!stream.destroyed && !stream.closed) stream.close(code);
        },
        done: (then) => stream.once('close', then),
      }),
    );
  }

  http1Exchange(
    request: IncomingMessage,
    response: ServerResponse,
    ready: (exchange: Exchange) => void,
  ): void {
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    this.open.add(0);
    response.on('close', () => this.open.delete(0));
    const headers = headerPairs(request.rawHeaders);
    this.collect(request, (body, bodyBytes) =>
      ready({
        connection: this,
        stream: 0,
        method: request.method ?? '',
        path: request.url ?? '',
        headers,
        body,
        bodyBytes,
        respond: ({ status, headers: more, body: text = '' }: Answer) => {
          if (response.destroyed || response.headersSent) return;
          response.writeHead(status, { 'content-length': Buffer.byteLength(text), ...more }).end(text);
        },
        reset: () => this.resetTcp(),
        done: (then) => response.once('close', then),
      }),
    );
  }

  /** A request that is cut off before its end is never judged. */
  private collect(
    source: ServerHttp2Stream | IncomingMessage,
    complete: (body: Buffer, bodyBytes: number) => void,
  ): void {
    const chunks: Buffer[] = [];
    let kept = 0;
    let bytes = 0;
    source.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (kept + chunk.length > bodyLimit) return;
      kept += chunk.length;
      chunks.push(chunk);
    });
    source.on('end', () => complete(Buffer.concat(chunks), bytes));
  }

  private endWhenAnswered(): void {
    if (this.acceptedUpTo === Infinity) return;
    for (const id of this.open) if (id <= this.acceptedUpTo) return;
    this.end();
  }

  /** FIN, and a second later whatever is left: an immediate close could overtake the GOAWAY on its way. */
  private end(): void {
    this.retired = true;
    if (this.tls.writableEnded || this.tls.destroyed) return;
    this.tls.end();
    setTimeout(() => this.destroy(), 1000).unref();
  }
}

/** Error codes of RFC 9113 section 7 by name, for faults: `REFUSED_STREAM`, `INTERNAL_ERROR`, `CANCEL`, … */
export function http2ErrorCode(name: string): number | undefined {
  const code = (constants as unknown as Record<string, unknown>)[`NGHTTP2_${name}`];
  return typeof code === 'number' ? code : undefined;
}
