import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { Failure } from '../../src/errors/api-error.js';
import { limitBodies } from '../../src/http/request-bodies.js';
import { until } from '../support/until.js';

/** Room for four bodies of 100 bytes. */
const MOST = 4 * (100 + 8_192);

describe('bodies of HTTP requests', () => {
  let server: Server;
  let sockets: Socket[];
  /** Bodies that have arrived, by the path of their request; and how to answer it. */
  let arrived: Map<string, () => void>;
  beforeEach(async () => {
    [sockets, arrived] = [[], new Map()];
    const limit = limitBodies(MOST);
    server = createServer((request, response) =>
      limit(request, response, (error) => {
        if (error) {
          response.writeHead(429).end((error as Failure).code);
          return;
        }
        request.resume().on('end', () => arrived.set(request.url!, () => response.end('done')));
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  /** A request with a body of 100 bytes, of which this much is sent. */
  const send = (path: string, bytes: number): { gone: Promise<string> } => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    let said = '';
    socket.setEncoding('utf8').on('data', (text: string) => (said += text));
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n${'x'.repeat(bytes)}`,
    );
    return { gone: once(socket, 'close').then(() => said) };
  };
  const accepted = async (count: number): Promise<void> => {
    await until(async () => (await connections()) === count);
  };
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );

  it('that never end make room for those that do: the oldest goes first', async () => {
    const slow = [];
    for (const [index, path] of ['/a', '/b', '/c', '/d'].entries()) {
      slow.push(send(path, 99));
      await accepted(index + 1);
    }
    const quick = send('/quick', 100);
    await until(() => arrived.has('/quick'));
    expect(await slow[0]!.gone).toBe('');
    arrived.get('/quick')!();
    expect(await quick.gone).toContain('done');
    sockets[1]!.write('x');
    await until(() => arrived.has('/b'));
  });

  it('that have arrived are never cut off; one more is RATE_LIMITED until one of them is answered', async () => {
    for (const path of ['/a', '/b', '/c', '/d']) {
      send(path, 100);
      await until(() => arrived.has(path));
    }
    expect(await send('/e', 100).gone).toContain('RATE_LIMITED');
    arrived.get('/a')!();
    await accepted(3);
    send('/f', 100);
    await until(() => arrived.has('/f'));
    expect([...arrived.keys()]).toEqual(['/a', '/b', '/c', '/d', '/f']);
  });
});
