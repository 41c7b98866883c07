import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const WEBSOCKET_PATH = '/socket.io/';
const unanswered = new WeakMap<Socket, number>();

/**
 * A request that is an upgrade only where it asks for the WebSocket of Socket.IO, on a connection that owes no answer. Node
 * hands the socket of an upgrade over and takes back neither the request nor the connection, so every other upgrade (h2c,
 * which Java's HttpClient and `curl --http2` offer with each plain request; a WebSocket under another path) is parsed and
 * answered as the plain request it is without that header (RFC 9110, section 7.8), in the order of the connection.
 */
export class GatewayRequest extends IncomingMessage {
  private asked = false;

  // Node's parser sets it before the headers are there, and asks when they are.
  set upgrade(asked: boolean) {
    this.asked = asked;
  }

  get upgrade(): boolean {
    return this.asked && (this.method === 'CONNECT' || this.isOurs);
  }

  private get isOurs(): boolean {
    return (
      this.method === 'GET' &&
      this.url?.startsWith(WEBSOCKET_PATH) === true &&
      this.headers.upgrade?.toLowerCase() === 'websocket' &&
      answersOwed(this.socket) === 0
    );
  }
}

/** Requests on this connection whose answer is not finished. */
export const answersOwed = (socket: Socket): number => unanswered.get(socket) ?? 0;

/** Call it with each request, so that an upgrade behind it on the same connection is known to come too early. */
export function owesAnswer(
  socket: Socket,
  answer: { once(event: 'close', listener: () => void): unknown },
): void {
  unanswered.set(socket, answersOwed(socket) + 1);
  answer.once('close', () => unanswered.set(socket, answersOwed(socket) - 1));
}
