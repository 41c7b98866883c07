import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { makeCertificates, type Certificates } from 'ringway-simulator';

export const certificates: Certificates = await makeCertificates(['localhost', '127.0.0.1']);

export interface Visit {
  stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  body: string;
  session: ServerHttp2Session;
  /** The naked TCP socket, under TLS. */
  socket: Socket;
  /** Which request this is, counted from 1 over all connections, and on which connection it came. */
  number: number;
  connection: number;
}

/** A real HTTP/2 server on loopback that does to a request whatever a test says. */
export class HostileServer {
  readonly visits: Visit[] = [];
  /** Streams the peer opened although it was told not to, by whatever name Node gives the trouble. */
  readonly troubles: string[] = [];
  readonly sessions: ServerHttp2Session[] = [];
  readonly sockets: Socket[] = [];
  act: (visit: Visit) => void = ({ stream }) => answer(stream, 200);
  greet: (session: ServerHttp2Session) => void = () => undefined;
  readonly #server: Http2Server;
  readonly #tls: boolean;

  private constructor(server: Http2Server, tls: boolean) {
    this.#server = server;
    this.#tls = tls;
    server.on('connection', (socket: Socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
    });
    server.on('session', (session) => {
      this.sessions.push(session);
      session.on('error', (error: Error) => this.troubles.push(error.message));
      this.greet(session);
    });
    server.on('stream', (stream, headers) => void this.#visit(stream, headers));
  }

  static async start(
    options: ServerOptions & { tls?: boolean; port?: number; key?: string; cert?: string } = {},
  ): Promise<HostileServer> {
    const { tls = true, port = 0, ...rest } = options;
    const server = tls ? createSecureServer({ ...certificates, ca: undefined, ...rest }) : createServer(rest);
    const hostile = new HostileServer(server, tls);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return hostile;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `${this.#tls ? 'https' : 'http'}://localhost:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #visit(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on('error', (error: Error) => this.troubles.push(error.message));
    const session = stream.session as ServerHttp2Session | undefined;
    if (session === undefined) return;
    const connection = this.sessions.indexOf(session) + 1;
    const socket = this.sockets[connection - 1];
    if (socket === undefined) return;
    const visit = { stream, headers, body: '', session, socket, number: 0, connection };
    visit.number = this.visits.push(visit);
    stream.setEncoding('utf8');
    for await (const chunk of stream as AsyncIterable<string>) visit.body += chunk;
    this.act(visit);
  }
}

export function answer(
  stream: ServerHttp2Stream,
  status: number,
  body = '',
  headers: Record<string, string> = {},
): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': status, ...headers }, { endStream: body === '' });
  if (body !== '') stream.end(body);
}

/** A wire that can be frozen: it keeps both ends' connections open and delivers nothing more. */
export class Wire {
  readonly connections: Socket[] = [];
  readonly #server: Server;
  readonly #frozen = new Set<Socket>();
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createTcpServer((near) => {
      const far = connect(port, '127.0.0.1');
      this.connections.push(near);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (data) => this.#frozen.has(near) || to.write(data));
        from.on('error', () => undefined);
        from.on('close', () => to.destroy());
      }
    });
  }

  static async to(port: number): Promise<Wire> {
    const wire = new Wire(port);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  get origin(): string {
    return `https://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything that is connected now; later connections work. */
  freeze(): void {
    for (const near of this.connections) this.#frozen.add(near);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
