import type { Socket } from 'node:net';
import { answersOwed } from './gateway-request.js';

const LOOK_MS = 1_000;
/** Bounds of what clients leave unread: how long one may take over an answer, and bytes of all answers together. */
const LIMITS = { longestMs: 60_000, address: 16 * 1_048_576, node: 128 * 1_048_576 };

/** Closing a connection takes up to 0.1 ms. */
const MOST_CUT_OFF = 50;

/** What is looked at of a connection. */
type Connection = Pick<Socket, 'destroyed' | 'writableLength' | 'remoteAddress' | 'destroy'>;

/**
 * Cuts off clients that do not read their answers, before that costs memory: by the time of one answer, and by what all
 * answers of an address and of the node hold together. Looks only at connections with an answer under way, and only while
 * there are any.
 */
export class UnreadResponses {
  /** When the gateway began to have something unread on a connection; null while all is read. */
  private readonly connections = new Map<Connection, number | null>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly owed: (connection: Connection) => number = (connection) =>
      answersOwed(connection as Socket),
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A request has come over this connection. */
  watch(connection: Connection): void {
    if (!this.connections.has(connection)) this.connections.set(connection, null);
    this.timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  /** Whoever has read nothing for longest goes first, as long as there is too much. */
  look(): void {
    const now = this.now();
    for (const [connection, since] of this.connections) {
      const unread = connection.writableLength > 0;
      if (connection.destroyed || (!unread && this.owed(connection) === 0))
        this.connections.delete(connection);
      else if (!unread || since === null) this.connections.set(connection, unread ? now : null);
    }
    if (this.connections.size === 0) return this.stop();
    const slow = [...this.connections]
      .flatMap(([connection, since]) => (since === null ? [] : [{ connection, since }]))
      .sort((a, b) => a.since - b.since);
    const ofAddress = new Map<string, number>();
    let ofNode = 0;
    for (const { connection } of slow) {
      const { remoteAddress = '', writableLength } = connection;
      ofAddress.set(remoteAddress, (ofAddress.get(remoteAddress) ?? 0) + writableLength);
      ofNode += writableLength;
    }
    let closed = 0;
    for (const { connection, since } of slow) {
      const { remoteAddress = '', writableLength } = connection;
      const here = ofAddress.get(remoteAddress)!;
      if (now - since <= LIMITS.longestMs && here <= LIMITS.address && ofNode <= LIMITS.node) continue;
      ofAddress.set(remoteAddress, here - writableLength);
      ofNode -= writableLength;
      connection.destroy();
      if (++closed < MOST_CUT_OFF) continue;
      // The rest goes in the next turns of the event loop, so that nobody waits for thousands.
      setImmediate(() => this.look());
      return;
    }
  }
}
