import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import { fuzzConnections } from '../../support/raw-fuzz.js';
import { until } from '../../support/until.js';
import { GatewayChild } from '../../support/gateway-child.js';

jest.setTimeout(150_000);
const FUZZ_MS = 60_000;
const KEY = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

describe('whatever a stranger does with a connection', () => {
  let dataDir: string;
  let gateway: GatewayChild;
  let url: string;
  let port: number;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'ringway-e2e-'));
    gateway = new GatewayChild({ RINGWAY_DATA_DIR: dataDir });
    url = await gateway.ready();
    port = Number(new URL(url).port);
  });
  afterAll(async () => {
    await gateway.send('SIGTERM');
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
  });

  /** Sockets the process has open, with a client or with nobody. */
  const descriptors = async (): Promise<number> => {
    const folder = `/proc/${gateway.pid}/fd`;
    const links = (await readdir(folder)).map((fd) => readlink(path.join(folder, fd)).catch(() => ''));
    return (await Promise.all(links)).filter((link) => link.startsWith('socket:')).length;
  };
  const lives = async (): Promise<void> => expect((await fetch(`${url}/health/live`)).status).toBe(200);
  const opened = async (): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

  it.each([
    '/socket.io',
    '/socket.io?EIO=4&transport=websocket',
    '/socket.iox',
    '/socket.io/?EIO=4&transport=websocket',
    '/elsewhere',
  ])('who asks %s for a WebSocket and resets the connection ends that connection alone', async (target) => {
    for (const protocol of ['websocket', 'h2c', 'nothing']) {
      const socket = await opened();
      const answered = once(socket, 'data');
      socket.write(
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${KEY}\r\n`,
      );
      await answered;
      socket.resetAndDestroy();
    }
    await lives();
  });

  it('who sends an upgrade behind a request that is not answered yet gets both answers, in order', async () => {
    const socket = await opened();
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.write(
      `GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health/live HTTP/1.1\r\nHost: localhost\r\n${H2C}\r\n`,
    );
    await until(() => (received.match(/HTTP\/1\.1 200/g) ?? []).length === 2);
    expect(received.indexOf('postgres')).toBeLessThan(received.lastIndexOf('HTTP/1.1 200'));
    socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => (received.match(/HTTP\/1\.1 200/g) ?? []).length === 3);
    socket.destroy();
    await lives();
  });

  it('no WebSocket opens behind a request that is not answered yet', async () => {
    const socket = await opened();
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.write(
      `GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\nGET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n` +
        `Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${KEY}\r\n`,
    );
    await until(() => (received.match(/HTTP\/1\.1 \d+/g) ?? []).length === 2);
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    socket.destroy();
  });

  it('in every order, for a minute: the process lives, others are served, and nothing is left behind', async () => {
    const before = await descriptors();
    const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 1_000_000));
    let served = 0;
    const fuzzing = fuzzConnections({ port, seed, forMs: FUZZ_MS });
    let over = false;
    const others = (async () => {
      while (!over) {
        await lives();
        served++;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    })();
    const { connections } = await fuzzing.catch((error: unknown) => {
      throw new Error(`with FUZZ_SEED=${seed}`, { cause: error });
    });
    over = true;
    await others;
    expect(connections).toBeGreaterThan(500);
    expect(served).toBeGreaterThan(50);
    // What was left half-open is closed by its deadlines; a few of our own requests may be kept alive.
    const deadline = Date.now() + 45_000;
    while ((await descriptors()) > before + 4 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await descriptors()).toBeLessThanOrEqual(before + 4);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^ringway_sockets 0$/m);
  });
});
