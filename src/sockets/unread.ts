import { type Connection, type WebSocket, cutOff, webSocketOf } from './hang-up.js';

/** As many answers as a crowd of questions may get in one turn of the event loop, before anything can be written. */
const MAX_MESSAGES = 20_000;
/** More than the answer of a call may release at once: 64 signals of 64 kB. */
const MAX_BYTES = 5 * 1_048_576;
/** There is nothing but a few refusals to say to strangers. */
const MAX_BYTES_OF_STRANGERS = 65_536;

/** Engine.IO's own names; what waits is behind what the transport has in hand. */
interface Watched {
  writeBuffer: { data?: string | Buffer }[];
  unreadBytes?: number;
  unreadLimit: number;
}

/**
 * Cuts a client off that does not read what it is sent, before that costs memory; a device finds everything in its next
 * sync. Whatever the size of the first message, only what waits behind it counts.
 */
export function watchUnread(connection: Connection): void {
  limitUnread(connection, MAX_BYTES_OF_STRANGERS);
  (connection as unknown as { on(event: string, listener: unknown): void }).on('packetCreate', count);
  webSocketOf(connection).on('ping', answered);
}

/** For who has said who they are. */
export const trust = (connection: Connection): void => limitUnread(connection, MAX_BYTES);

function limitUnread(connection: Connection, unreadLimit: number): void {
  Object.assign(connection, { unreadLimit });
  Object.assign(webSocketOf(connection), { unreadLimit });
}

/** One function for all connections, called on the connection. */
function count(this: Watched, { data }: { data?: string | Buffer }): void {
  const waiting = this.writeBuffer.length;
  this.unreadBytes = waiting === 0 ? 0 : (this.unreadBytes ?? 0) + (data?.length ?? 0);
  if (waiting > MAX_MESSAGES || this.unreadBytes > this.unreadLimit) cutOff(this as unknown as Connection);
}

/** `ws` answers pings by itself, whether the answers are read or not. */
function answered(this: WebSocket & { unreadLimit?: number }): void {
  if (this.bufferedAmount > this.unreadLimit!) this.terminate();
}
