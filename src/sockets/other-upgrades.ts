import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

const HOP_BY_HOP = /^(connection|upgrade|http2-settings)$/i;

/**
 * Who asks for another upgrade than our WebSocket. Java's HttpClient and `curl --http2` ask for h2c with every plain request,
 * and are answered as if they had not (RFC 9110, 7.8). Node hands such a request over with its socket, which therefore goes
 * back to the server, with the request in front of it that does not ask any more.
 */
export function tendOtherUpgrades(server: Server, ours: string): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { method, url = '', httpVersion, rawHeaders } = request;
    if (url.startsWith(ours)) return;
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      socket.on('error', () => socket.destroy());
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const lines = [`${method} ${url} HTTP/${httpVersion}`];
    for (let at = 0; at < rawHeaders.length; at += 2) {
      if (!HOP_BY_HOP.test(rawHeaders[at]!)) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
    }
    socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
    server.emit('connection', socket);
  });
}
