import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { type TestGateway, testGateway } from '../../support/gateway.js';

describe('a client that asks for another upgrade than our WebSocket', () => {
  let gateway: TestGateway;
  let socket: Socket;
  let received: string;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  beforeEach(async () => {
    received = '';
    socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    await once(socket, 'connect');
  });
  afterEach(() => socket.destroy());
  afterAll(() => gateway.stop());

  /** As Java's HttpClient says it. */
  const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n';
  const answers = async (count: number): Promise<string[]> => {
    const found = (): string[] => received.match(/HTTP\/1\.1 \d+/g) ?? [];
    while (found().length < count) await once(socket, 'data');
    return found();
  };

  it('is answered over HTTP/1.1, as often as it asks, bodies included', async () => {
    const token = await gateway.token('alice');
    socket.write(`GET /health/live HTTP/1.1\r\nHost: localhost\r\n${H2C}\r\n`);
    expect(await answers(1)).toEqual(['HTTP/1.1 200']);
    const body = JSON.stringify({ callId: randomUUID(), callee: 'bob', media: 'voice' });
    socket.write(
      `POST /v1/calls?deviceId=backend HTTP/1.1\r\nHost: localhost\r\n${H2C}Authorization: Bearer ${token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
    );
    socket.write(body.slice(20));
    expect(await answers(2)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 201']);
    socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await answers(3)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 201', 'HTTP/1.1 200']);
  });

  it('is told that there is no WebSocket under another path', async () => {
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`,
    );
    expect(await answers(1)).toEqual(['HTTP/1.1 404']);
  });
});
