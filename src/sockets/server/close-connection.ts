import type { Socket } from 'socket.io';

export type Connection = Socket['conn'];

/** What `ws` has below a connection. */
export interface WebSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  terminate(): void;
  on(event: 'close' | 'ping', listener: (this: WebSocket) => void): this;
  off(event: 'close' | 'ping', listener: (this: WebSocket) => void): this;
}

const CLOSED = 3;
/** How long a client may take to read that its connection is closed, and to agree. */
export const GOODBYE_MS = 2_000;

export const webSocketOf = (connection: Connection): WebSocket =>
  (connection.transport as unknown as { socket: WebSocket }).socket;

/** However the connection comes to be closed, it does not stay: `ws` alone would wait for half a minute. */
export function watchGoodbye(connection: Connection): void {
  connection.on('close', seeOff);
}

/** Closes as soon as what was said before has been written; who does not read that is cut off. */
export function hangUp(connection: Connection): void {
  connection.close();
  if (connection.readyState === 'closing') seeOff.call(connection);
}

/** One function for all connections, called on the connection. */
function seeOff(this: Connection): void {
  if (webSocketOf(this).readyState !== CLOSED) setTimeout(() => cutOff(this), GOODBYE_MS).unref();
}

/** At once: a graceful close would wait behind what the device does not read. */
export function cutOff(connection: Connection): void {
  webSocketOf(connection).terminate();
}
