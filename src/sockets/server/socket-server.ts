import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Server, type Socket } from 'socket.io';
import { UserTokens } from '../../auth/user-tokens.js';
import { deviceId as deviceIdSchema } from '../../protocol/payloads.js';
import { CLOCK, type Clock } from '../../time/clock.js';
import { FairTurns } from '../../concurrency/fair-turns.js';
import { CONFIG, type Config } from '../../config/config.js';
import { Presence } from '../../presence/presence.js';
import { type Code, Failure } from '../../errors/api-error.js';
import { failureOf } from '../../protocol/to-api-error.js';
import { Log } from '../../log/log.js';
import { clientAddress } from '../../net/client-address.js';
import { FOREIGN_HOST, allowsHost, allowsOrigin } from '../../net/origins.js';
import { Quotas } from '../../limits/quotas.js';
import { Arrivals } from './session-lifecycle.js';
import { ClusterEars } from './cluster-subscriber.js';
import { type Answer, Dispatcher } from './dispatcher.js';
import { drain } from './drain.js';
import { Decoder, Encoder, type Received } from '../../protocol/packets.js';
import { type Connection, cutOff, hangUp, watchGoodbye } from './close-connection.js';
import { type Session, Sessions } from '../session/sessions.js';
import { STRANGE_MS, Strangers } from './pending-connections.js';
import { UnreadBytes } from './backpressure.js';
import { appState } from '../../protocol/commands.js';

export const MAX_FRAME_BYTES = 100_000;
/** Live connections of one user; one per device. */
const MAX_DEVICES = 50;

/** Socket.io, WebSocket only: a JWT in the handshake, one session per device, one dispatcher for all messages. */
@Injectable()
export class SocketServer {
  private io: Server | null = null;
  private accepting = true;
  private readonly unread = new UnreadBytes();
  private readonly strangers: Strangers;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly tokens: UserTokens,
    private readonly sessions: Sessions,
    private readonly presence: Presence,
    private readonly turns: FairTurns,
    private readonly quotas: Quotas,
    private readonly arrivals: Arrivals,
    private readonly dispatcher: Dispatcher,
    private readonly ears: ClusterEars,
    private readonly log: Log,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.strangers = new Strangers(quotas.strangersPerAddress);
  }

  attachTo(http: HttpServer): void {
    const { config } = this;
    const io = new Server(http, {
      transports: ['websocket'],
      allowUpgrades: false,
      serveClient: false,
      perMessageDeflate: false,
      parser: { Encoder, Decoder },
      maxHttpBufferSize: MAX_FRAME_BYTES,
      pingInterval: 20_000,
      pingTimeout: 12_000,
      connectTimeout: STRANGE_MS,
      // CORS does not guard WebSockets: the origin is ours to check. Native apps send none, and bear a token.
      allowRequest: (request, decide) => {
        const begin = (): void => {
          if (allowsHost(config, request.headers.host)) decide(null, this.mayConnect(request));
          else decide(FOREIGN_HOST, false);
        };
        if (this.turns.run(clientAddress(request, config.trustedProxies), begin)) return;
        decide(null, turnAway(request, '429 Too Many Requests'));
      },
    });
    this.io = io;
    this.limitPlainRequests(http, `${io.path()}/`);
    this.ears.listen();
    io.engine.on('connection', (connection: Connection) => this.arrived(connection));
    // Any other namespace is refused by socket.io.
    io.use((socket, next) => {
      const { conn } = socket;
      const decided = this.strangers.decide(conn, (from, again) => this.admit(socket, from, again));
      void decided.then((error) => {
        if (error !== null) return next(error === undefined ? undefined : this.refusal(error));
        // There is no answer to it. Socket.io forgets what is refused on a connection that has ended.
        const forget = (): void => next(new Error('nobody is there any more'));
        if (conn.readyState === 'open') conn.once('close', forget);
        else forget();
      });
    });
    io.on('connection', (socket) => this.connected(socket));
  }

  /** How many devices are connected here. */
  get size(): number {
    return this.sessions.size;
  }

  /** No new connections; those there are asked to reconnect elsewhere, spread over `withinMs`, then closed. */
  drain(withinMs: number): Promise<void> {
    this.accepting = false;
    const sessions = [...this.sessions.all()];
    if (sessions.length > 0) this.presence.leave();
    return drain(sessions, withinMs);
  }

  /** Whoever is still connected is cut off: a graceful end would wait for a device that does not read. */
  async close(): Promise<void> {
    const { clients } = this.io!.engine as unknown as { clients: Record<string, Connection> };
    for (const connection of Object.values(clients)) cutOff(connection);
    await this.io!.close();
  }

  /** Engine.IO answers what is no WebSocket under its path by itself, and asks nobody before. */
  private limitPlainRequests(http: HttpServer, path: string): void {
    const listeners = http.listeners('request') as ((...given: unknown[]) => void)[];
    http.removeAllListeners('request');
    http.on('request', (request, response) => {
      if (request.url?.startsWith(path)) {
        try {
          this.quotas.takeOfAddress(clientAddress(request, this.config.trustedProxies));
        } catch {
          response.writeHead(429, { 'retry-after': '1', connection: 'close' }).end();
          return;
        }
      }
      for (const listener of listeners) listener.call(http, request, response);
    });
  }

  private mayConnect(request: IncomingMessage): boolean {
    if (!this.accepting) return turnAway(request, '503 Service Unavailable');
    const address = clientAddress(request, this.config.trustedProxies);
    if (this.strangers.tooManyOf(address)) return turnAway(request, '429 Too Many Requests');
    try {
      this.quotas.takeOfAddress(address);
    } catch {
      return turnAway(request, '429 Too Many Requests');
    }
    return allowsOrigin(this.config, request.headers.origin, request.headers.host);
  }

  private arrived(connection: Connection): void {
    const address = clientAddress(connection.request, this.config.trustedProxies);
    this.strangers.add(connection, address);
    this.unread.watch(connection);
    watchGoodbye(connection);
    // Nobody reads the handshake's request again.
    (connection as { request: unknown }).request = null;
  }

  private async admit(socket: Socket, address: string, again: boolean): Promise<void> {
    // The connection has been paid for, with the first question of this kind.
    if (again) withinQuota(() => this.quotas.takeOfAddress(address));
    const auth = socket.handshake.auth as Record<string, unknown>;
    const user = await this.tokens.verify(auth.token);
    const deviceId = deviceIdSchema.safeParse(auth.deviceId);
    if (!deviceId.success) {
      throw new Failure('DEVICE_ID_INVALID', `auth.deviceId ${deviceId.error.issues[0]!.message}`);
    }
    withinQuota(() => this.quotas.takeOfUser(user.userId));
    const elsewhere = await this.presence.connectionsElsewhere(user.userId, deviceId.data);
    const known = this.sessions.get(user.userId, deviceId.data);
    if (!known && elsewhere + this.sessions.countOf(user.userId) >= MAX_DEVICES) {
      const message = `At most ${MAX_DEVICES} devices of one user may be connected.`;
      throw new Failure('TOO_MANY_CONNECTIONS', message);
    }
    const session: Session = {
      ...{
        socket,
        connectedAt: this.clock.now(),
        connectionId: randomUUID(),
        userId: user.userId,
        deviceId: deviceId.data,
        name: user.name,
      },
      appState: appState.catch('foreground').parse(auth.appState),
      ...{ expiresAt: user.expiresAt, synced: false, acknowledges: 'nothing', moved: false },
      ...{ askedOthers: false, lastSignal: null, unacknowledgedRings: 0 },
      ...{ bucket: null, inHand: 0, turns: null },
    };
    socket.data = session;
  }

  private connected(socket: Socket): void {
    const session = socket.data as Session;
    // The handshake holds the token and all headers; nobody reads them again.
    (socket as { handshake: unknown }).handshake = null;
    this.strangers.admit(socket.conn);
    this.unread.admit(socket.conn, session.userId);
    socket.onAny(
      (_event, received: Received, ack?: (answer: Answer) => void) =>
        void this.dispatcher.receive(session, received, ack),
    );
    socket.on('error', (error) =>
      this.log.warnRarely('a socket failed', { deviceId: session.deviceId, error }),
    );
    socket.on('disconnect', (reason) => {
      if (this.sessions.countOf(session.userId) <= 1) this.unread.forget(session.userId);
      hangUp(socket.conn); // a client that left the namespace has no business on the connection
      this.arrivals.farewell(session, reason === 'client namespace disconnect').catch((error: unknown) => {
        this.log.warnRarely('a departure could not be recorded', { deviceId: session.deviceId, error });
      });
    });
    this.arrivals.welcome(session).catch((error: unknown) => {
      this.log.error('a device could not be welcomed', { deviceId: session.deviceId, error });
    });
  }

  private refusal(error: unknown): Error & { data: { code: Code; message: string; retryAfterMs?: number } } {
    const { failure, bug } = failureOf(error);
    if (bug) this.log.error('a handshake failed', { error });
    return Object.assign(new Error(failure.message), {
      data: { code: failure.code, message: failure.message, ...failure.more },
    });
  }
}

/** What is a matter of rate elsewhere, a handshake calls by its own name. */
function withinQuota(take: () => void): void {
  try {
    take();
  } catch (error) {
    throw new Failure('TOO_MANY_CONNECTIONS', (error as Failure).message, (error as Failure).more);
  }
}

/** In words that HTTP knows, and that clients take for a reason to try again later. */
function turnAway({ socket }: IncomingMessage, status: string): false {
  socket.end(`HTTP/1.1 ${status}\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  return false;
}
