import { createServer as createHttp1Server, type Server as Http1Server } from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { Connection } from './connection.js';
import type { Exchange } from './exchange.js';
import { receiveHttp1, receiveHttp2 } from './receive.js';
import { WireTap } from './wire-tap.js';

export interface ListenerOptions {
  host: string;
  port: number;
  certificate: { key: string; cert: string };
  /** Of an authority nobody trusts, for the day somebody wants to see a sender refuse it. */
  untrusted: { key: string; cert: string };
  http1: boolean;
  /** Sent to every new connection. */
  settings: () => http2.Settings;
  /** Connection ids are unique over all listeners of a simulator. */
  nextConnectionId: () => number;
}

export type Admission = 'accept' | 'refuse' | 'wrong-certificate';

/** What a service is told by the wire. */
export interface ListenerHandler {
  admit(remote: string): Admission;
  /** May a client come without ALPN? It is then taken for an HTTP/2 client. */
  requiresAlpn(): boolean;
  opened(connection: Connection): void;
  request(exchange: Exchange): void;
  ping(connection: Connection): void;
  ignoresPings(): boolean;
  /** A stream that HTTP/2 itself refused: beyond the number allowed, or malformed. */
  refusedStream(connection: Connection, stream: number, code: number): void;
  closed(connection: Connection): void;
}

/** A TLS port that speaks HTTP/2 (and HTTP/1.1 where asked) and hands complete requests to its handler. */
export class TlsListener {
  port: number;
  readonly connections = new Set<Connection>();
  private readonly sockets = new Map<number, net.Socket>();
  private readonly options: ListenerOptions;
  private readonly handler: ListenerHandler;
  private readonly trusted: tls.Server;
  private readonly untrusted: tls.Server;
  private readonly http1: Http1Server;
  private readonly byTls = new WeakMap<net.Socket, Connection>();
  private server: net.Server | null = null;

  constructor(options: ListenerOptions, handler: ListenerHandler) {
    this.options = options;
    this.handler = handler;
    this.port = options.port;
    this.trusted = this.tlsServer(options.certificate);
    this.untrusted = this.tlsServer(options.untrusted);
    this.http1 = createHttp1Server((request, response) => {
      const connection = this.byTls.get(request.socket);
      if (connection)
        receiveHttp1(connection, request, response, (exchange) => this.handler.request(exchange));
    });
    this.http1.on('clientError', (_error, socket) => socket.destroy());
  }

  async open(): Promise<void> {
    if (this.server !== null) return;
    const server = net.createServer({ noDelay: true }, (socket) => this.accept(socket));
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, this.options.host, resolve);
    });
    this.port = (server.address() as net.AddressInfo).port;
  }

  /** Stops listening and drops every connection at once. */
  async close(): Promise<void> {
    const server = this.server;
    this.server = null;
    const closed =
      server === null ? Promise.resolve() : new Promise<void>((resolve) => server.close(() => resolve()));
    this.dropConnections();
    await closed;
  }

  dropConnections(): void {
    for (const connection of this.connections) connection.resetTcp();
    for (const socket of this.sockets.values()) socket.destroy();
  }

  private accept(socket: net.Socket): void {
    socket.on('error', () => undefined);
    const admission = this.handler.admit(socket.remoteAddress ?? 'unknown');
    const port = socket.remotePort;
    if (admission === 'refuse' || port === undefined) {
      socket.resetAndDestroy();
      return;
    }
    this.sockets.set(port, socket);
    socket.on('close', () => this.sockets.delete(port));
    (admission === 'accept' ? this.trusted : this.untrusted).emit('connection', socket);
  }

  private tlsServer(certificate: { key: string; cert: string }): tls.Server {
    const server = tls.createServer(
      {
        ...certificate,
        minVersion: 'TLSv1.2',
        ALPNProtocols: this.options.http1 ? ['h2', 'http/1.1'] : ['h2'],
      },
      (socket) => this.secured(socket),
    );
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  private secured(socket: tls.TLSSocket): void {
    socket.on('error', () => undefined);
    const raw = this.sockets.get(socket.remotePort ?? -1);
    const http2Spoken =
      socket.alpnProtocol === 'h2' ||
      (!socket.alpnProtocol && !this.options.http1 && !this.handler.requiresAlpn());
    if (raw === undefined || (!http2Spoken && !this.options.http1)) {
      socket.destroy();
      return;
    }
    const connection = new Connection(this.options.nextConnectionId(), raw, socket);
    this.connections.add(connection);
    raw.on('close', () => {
      this.connections.delete(connection);
      this.handler.closed(connection);
    });
    this.handler.opened(connection);
    if (http2Spoken) this.startHttp2(connection, socket);
    else {
      this.byTls.set(socket, connection);
      this.http1.emit('connection', socket);
    }
  }

  private startHttp2(connection: Connection, socket: tls.TLSSocket): void {
    const tap = new WireTap(socket, {
      ignorePings: () => this.handler.ignoresPings(),
      onReset: (stream, code) => {
        if (!connection.hasSeen(stream)) this.handler.refusedStream(connection, stream, code);
      },
    });
    tap.on('error', () => undefined);
    const session = http2.performServerHandshake(tap, { settings: this.options.settings() });
    connection.startHttp2(session, tap);
    session.on('error', () => undefined);
    session.on('ping', () => this.handler.ping(connection));
    session.on(
      'stream',
      (stream: http2.ServerHttp2Stream, _headers: object, _flags: number, rawHeaders: string[]) =>
        receiveHttp2(connection, stream, rawHeaders, (exchange) => this.handler.request(exchange)),
    );
  }
}
