import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Deadline } from '../../src/push/deadline.js';
import type { H2Failure, H2Reply } from '../../src/push/h2-connection.js';
import { H2Origin, type H2OriginOptions } from '../../src/push/h2-origin.js';
import { answer, certificates, HostileServer, type Visit } from './hostile-server.js';

const closing: { close(): Promise<unknown> }[] = [];

/** Is closed after the test, the last one first. */
export function closes<T extends { close(): Promise<unknown> }>(thing: T): T {
  closing.push(thing);
  return thing;
}

afterEach(async () => {
  for (const thing of closing.splice(0).reverse()) await thing.close();
});

export async function serverThat(
  act: (visit: Visit) => void = ({ stream }) => answer(stream, 200),
  options: Parameters<typeof HostileServer.start>[0] = {},
): Promise<HostileServer> {
  const server = closes(await HostileServer.start(options));
  server.act = act;
  return server;
}

export function originOf({ origin }: { origin: string }, options: Partial<H2OriginOptions> = {}): H2Origin {
  return closes(new H2Origin({ origin, ca: certificates.ca, ...options }));
}

export function post(origin: H2Origin, body = 'ring', ms = 5000): Promise<H2Reply | H2Failure> {
  return origin.request(
    { path: '/3/device/secret', headers: { authorization: 'bearer jwt' }, body },
    new Deadline(ms),
  );
}

export function burst(origin: H2Origin, size: number): Promise<(H2Reply | H2Failure)[]> {
  return Promise.all(Array.from({ length: size }, (_, n) => post(origin, `ring ${n}`)));
}

export const accepted = expect.objectContaining({ status: 200 }) as unknown;

export function all(size: number): unknown[] {
  return Array.from({ length: size }, () => accepted);
}

/** Accepts connections and does `act` to them; speaks no HTTP/2. */
export async function tcpServerThat(
  act: (socket: Socket) => void,
  tls = false,
): Promise<{ origin: string; accepted: number }> {
  const state = { origin: '', accepted: 0 };
  const sockets = new Set<Socket>();
  const greet = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    state.accepted++;
    act(socket);
  };
  const server: Server = tls
    ? createTlsServer({ key: certificates.key, cert: certificates.cert }, greet)
    : createServer(greet);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  state.origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  closes({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
  return state;
}
