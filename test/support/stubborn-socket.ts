import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

const PATIENCE_MS = 20_000;

/** A client that upgrades and speaks, but never takes part in closing the connection. */
export class StubbornSocket {
  private readonly socket: Socket;
  private said = '';

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname).on('error', () => undefined);
    this.socket.setEncoding('latin1').on('data', (more: string) => (this.said += more));
    const headers = [
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
    ];
    const key = `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`;
    const path = '/socket.io/?EIO=4&transport=websocket';
    this.socket.write(`GET ${path} HTTP/1.1\r\n${[...headers, key].join('\r\n')}\r\n\r\n`);
  }

  /** One text frame, masked with zeros (RFC 6455, section 5.2). */
  send(text: string): void {
    const length = Buffer.byteLength(text);
    this.socket.write(Buffer.from([0x81, 0x80 | 126, length >> 8, length & 255, 0, 0, 0, 0]));
    this.socket.write(text);
  }

  async hears(words: string): Promise<void> {
    while (!this.said.includes(words))
      await once(this.socket, 'data', { signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  /** The other side has let go of the TCP connection. */
  async freed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  close(): void {
    this.socket.destroy();
  }
}
