import { type AddressInfo, connect } from 'node:net';
import { createServer, request } from 'node:http';
import { once } from 'node:events';
import { type TestGateway, testGateway } from '../../test/support/gateway.js';
import { type Apps, apps } from './apps.js';

/** As nginx with `location /calls/ { proxy_pass http://gateway/; }`: takes the path off, and knows no other one. */
async function proxyBelow(prefix: string, target: URL): Promise<{ url: string; close(): void }> {
  const server = createServer((asked, answer) => {
    if (!asked.url!.startsWith(`${prefix}/`)) return void answer.writeHead(404).end();
    const { method, headers } = asked;
    const on = {
      host: target.hostname,
      port: target.port,
      path: asked.url!.slice(prefix.length),
      method,
      headers,
    };
    asked.pipe(request(on, (got) => got.pipe(answer.writeHead(got.statusCode!, got.headers))));
  });
  server.on('upgrade', (asked, client) => {
    if (!asked.url!.startsWith(`${prefix}/`)) return void client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    const headers = Object.entries(asked.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
    upstream.write(`GET ${asked.url!.slice(prefix.length)} HTTP/1.1\r\n${headers.join('')}\r\n`);
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`;
  return { url, close: () => server.close().closeAllConnections() };
}

describe('a gateway behind a path', () => {
  let gateway: TestGateway;
  let running: Apps;
  beforeAll(async () => {
    gateway = await testGateway();
    running = apps(gateway);
  });
  afterAll(async () => {
    running.close();
    await gateway.stop();
  });

  it('is reached with sockets and over HTTP', async () => {
    const proxy = await proxyBelow('/calls', new URL(gateway.url));
    const alice = await running.online('alice', { url: proxy.url });
    expect(await alice.http.devices()).toEqual([]);
    alice.close();
    proxy.close();
  });
});
