import { type Connection, type WebSocket, cutOff, webSocketOf } from './close-connection.js';

/** As many answers as a crowd of questions may get in one turn of the event loop, before anything can be written. */
const MAX_MESSAGES = 20_000;
const MEBIBYTE = 1_048_576;
/** More than the answer of a call may release at once: 64 signals of 64 kB. */
const MAX_BYTES = 5 * MEBIBYTE;
/** There is nothing but a few refusals to say to connections that have not authenticated. */
const MAX_BYTES_BEFORE_AUTH = 65_536;
/** All connections of one user together. */
export const MAX_BYTES_OF_USER = 32 * MEBIBYTE;
/** All connections of the node together. */
export const MAX_BYTES_OF_NODE = 256 * MEBIBYTE;

/** Connections that share a bound, those with something unread among them, and how much that is. */
interface Group {
  readonly limit: number;
  bytes: number;
  readonly behind: Set<Watched>;
}

/** Engine.IO's own names; what waits is behind what the transport has in hand. */
interface Watched {
  writeBuffer: { data?: string | Buffer }[];
  /** Bytes that wait behind what the transport has in hand. */
  waitingBytes: number;
  /** Bytes that the transport has in hand: the operating system has not taken all of them yet. */
  inHandBytes: number;
  /** Of what waits. */
  unreadLimit: number;
  unreadGroups: Group[];
}

interface Events {
  on(event: 'packetCreate' | 'drain' | 'close', listener: unknown): Events;
  transport: { prependListener(event: 'drain', listener: () => void): unknown };
}

/**
 * Bounds what clients leave unread: of each connection, of each user, and of the node. Whoever is furthest behind is cut off
 * before that costs memory; a device finds everything in its next sync. Whatever the size of the first message, only what
 * waits behind it counts. Nothing is done for a connection that has nothing to say.
 */
export class UnreadBytes {
  private readonly node: Group;
  private readonly users = new Map<string, Group>();

  constructor(private readonly limits = { user: MAX_BYTES_OF_USER, node: MAX_BYTES_OF_NODE }) {
    this.node = { limit: limits.node, bytes: 0, behind: new Set() };
  }

  /** How much all connections leave unread. */
  get total(): number {
    return this.node.bytes;
  }

  watch(connection: Connection): void {
    limitUnread(connection, MAX_BYTES_BEFORE_AUTH);
    Object.assign(connection, { unreadGroups: [this.node], waitingBytes: 0, inHandBytes: 0 });
    const events = connection as unknown as Events;
    events.on('packetCreate', count).on('drain', handedOver).on('close', closed);
    // Before Engine.IO hands over what waits.
    events.transport.prependListener('drain', () => taken(connection as unknown as Watched));
    webSocketOf(connection).on('ping', answered);
  }

  /** For a connection that has authenticated. */
  admit(connection: Connection, userId: string): void {
    limitUnread(connection, MAX_BYTES);
    const user = this.users.get(userId) ?? { limit: this.limits.user, bytes: 0, behind: new Set<Watched>() };
    (connection as unknown as Watched).unreadGroups = [this.node, user];
    if (this.users.has(userId)) return;
    this.users.set(userId, user);
  }

  /** The user's last connection is gone. */
  forget(userId: string): void {
    this.users.delete(userId);
  }
}

function limitUnread(connection: Connection, unreadLimit: number): void {
  Object.assign(connection, { unreadLimit });
  Object.assign(webSocketOf(connection), { unreadLimit });
}

/** One function for all connections, called on the connection. */
function count(this: Watched, { data }: { data?: string | Buffer }): void {
  const waiting = this.writeBuffer.length;
  settle(this, this.waitingBytes + (data?.length ?? 0), this.inHandBytes);
  const behind = waiting === 0 ? 0 : this.waitingBytes;
  if (waiting > MAX_MESSAGES || behind > this.unreadLimit) return giveUp(this);
  for (const group of this.unreadGroups) if (group.bytes > group.limit) giveUp(furthestBehind(group, this));
}

/** All that waited has been handed to the transport. */
function handedOver(this: Watched): void {
  settle(this, 0, this.inHandBytes + this.waitingBytes);
}

/** The operating system has taken what the transport had in hand. */
const taken = (connection: Watched): void => settle(connection, connection.waitingBytes, 0);

function closed(this: Watched): void {
  settle(this, 0, 0);
}

function settle(connection: Watched, waiting: number, inHand: number): void {
  const more = waiting + inHand - connection.waitingBytes - connection.inHandBytes;
  connection.waitingBytes = waiting;
  connection.inHandBytes = inHand;
  if (more === 0) return;
  for (const group of connection.unreadGroups) {
    group.bytes += more;
    if (waiting + inHand > 0) group.behind.add(connection);
    else group.behind.delete(connection);
  }
}

const unreadOf = ({ waitingBytes, inHandBytes }: Watched): number => waitingBytes + inHandBytes;

function furthestBehind({ behind }: Group, otherwise: Watched): Watched {
  let furthest = otherwise;
  for (const connection of behind) if (unreadOf(connection) > unreadOf(furthest)) furthest = connection;
  return furthest;
}

function giveUp(connection: Watched): void {
  settle(connection, 0, 0);
  connection.unreadGroups = [];
  cutOff(connection as unknown as Connection);
}

/** `ws` answers pings by itself, whether the answers are read or not. */
function answered(this: WebSocket & { unreadLimit?: number }): void {
  if (this.bufferedAmount > this.unreadLimit!) this.terminate();
}
