import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import { GatewayRequest, owesAnswer } from './gateway-request.js';
import { UnreadResponses } from './unread-answers.js';

/**
 * Bounds of every HTTP connection, in milliseconds. A client that sends its request byte by byte is cut off, and so is one
 * that reads nothing of its answer. Connections without a request stay longer than load balancers keep theirs (60 s), so that
 * no request meets a connection that is being closed.
 */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 65_000,
  /** Without any byte in or out; the slowest answer (a virtual phone's button) takes 20 s. */
  timeout: 25_000,
  /** WebSockets and HTTP together. */
  maxConnections: 50_000,
};

/** Express on a server of ours: bounded, and with an `error` listener on every socket from its first byte. */
export class HttpAdapter extends ExpressAdapter {
  private readonly unread = new UnreadResponses();

  override initHttpServer(): void {
    const server: Server = createServer({ IncomingMessage: GatewayRequest }, this.getInstance());
    Object.assign(server, LIMITS);
    server.on('connection', (socket: Socket) => {
      // An error of one connection, whatever it has become by then, is the end of that connection and of nothing else.
      socket.on('error', () => socket.destroy());
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      owesAnswer(request.socket, response);
      this.unread.watch(request.socket);
    });
    server.on('close', () => this.unread.stop());
    this.httpServer = server;
    (this as unknown as { trackOpenConnections(): void }).trackOpenConnections(); // Nest closes them at its end
  }
}
