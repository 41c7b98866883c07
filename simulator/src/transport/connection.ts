import { constants, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
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
  /** Takes no new requests, by the server's doing: a sender that leaves it is right. */
  retired = false;
  /** Highest stream id of a request so far. */
  lastStream = 0;
  private readonly raw: Socket;
  private readonly tls: TLSSocket;
  private faulty = false;
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

  /** Whether a sender has no reason to leave this connection for another: it is neither retired nor struck by a fault. */
  get healthy(): boolean {
    return !this.retired && !this.faulty;
  }

  get closed(): boolean {
    return this.raw.destroyed;
  }

  /** Requests that have not been answered yet. */
  get busy(): boolean {
    return this.open.size > 0;
  }

  startHttp2(session: ServerHttp2Session, tap: WireTap): void {
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

  /** A fault has struck here, which a careful sender answers with a new connection. */
  markFaulty(): void {
    this.faulty = true;
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

  /** Whether a stream is within what the last GOAWAY left; it counts as seen in any case. */
  accepts(stream: number): boolean {
    this.lastStream = Math.max(this.lastStream, stream);
    return stream <= this.acceptedUpTo;
  }

  streamOpened(stream: number): void {
    this.open.add(stream);
  }

  streamClosed(stream: number): void {
    this.open.delete(stream);
    this.endWhenAnswered();
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
