import type { Socket } from 'socket.io';

export type Connection = Socket['conn'];

/** As many answers as a crowd of questions may get in one turn of the event loop, before anything can be written. */
const MAX_MESSAGES = 20_000;
/** More than the answer of a call may release at once: 64 signals of 64 kB. */
const MAX_BYTES = 5 * 1_048_576;

/** Engine.IO's own names; what waits is behind what the transport has in hand. */
interface Watched {
  writeBuffer: { data?: string | Buffer }[];
  unreadBytes?: number;
}

/**
 * Cuts a device off that does not read what it is sent, before that costs memory; it finds everything in its next sync.
 * Whatever the size of the first message, only what waits behind it counts.
 */
export function watchUnread(connection: Connection): void {
  (connection as unknown as { on(event: string, listener: unknown): void }).on('packetCreate', count);
}

/** One function for all connections, called on the connection. */
function count(this: Watched, { data }: { data?: string | Buffer }): void {
  const waiting = this.writeBuffer.length;
  this.unreadBytes = waiting === 0 ? 0 : (this.unreadBytes ?? 0) + (data?.length ?? 0);
  if (waiting > MAX_MESSAGES || this.unreadBytes > MAX_BYTES) cutOff(this as unknown as Connection);
}

/** At once: a graceful close would wait behind what the device does not read. */
export function cutOff(connection: Connection): void {
  (connection.transport as unknown as { socket: { terminate(): void } }).socket.terminate();
}
