import { once } from 'node:events';
import { H2Origin } from '../../src/push/h2-origin.js';
import { makeCertificates } from 'ringway-simulator';
import { answer, HostileServer, Wire } from './hostile-server.js';
import { accepted, all, burst, closes, originOf, post, serverThat, tcpServerThat } from './loopback.js';
import { until } from '../support/until.js';

describe('a server that falls silent', () => {
  it('costs a request its deadline and not a second one', async () => {
    const server = await serverThat();
    const wire = closes(await Wire.to(server.port));
    const origin = originOf(wire);
    await post(origin);
    wire.freeze();
    expect(await post(origin, 'lost', 700)).toEqual({ failure: 'Timeout', unprocessed: false });
    expect(await post(origin, 'ring', 5000)).toEqual(accepted);
    expect(wire.connections).toHaveLength(2);
  });

  it('while nobody talks is found by a ping, before a call needs it', async () => {
    const server = await serverThat();
    const wire = closes(await Wire.to(server.port));
    const origin = originOf(wire, { pingEveryMs: 50 });
    await post(origin);
    const [connection] = wire.connections;
    wire.freeze();
    if (connection !== undefined) await once(connection, 'close');
    expect(await post(origin)).toEqual(accepted);
    expect(wire.connections).toHaveLength(2);
  });

  it('never hears a ping where pings count as abuse', async () => {
    const server = await serverThat();
    let pings = 0;
    server.greet = (session) => session.on('ping', () => pings++);
    const [pinged, left] = [originOf(server, { pingEveryMs: 20 }), originOf(server)];
    await Promise.all([post(pinged), post(left)]);
    await until(() => pings >= 3);
    const reply = await post(left);
    expect(reply).toMatchObject({ status: 200, connection: 1 });
    await pinged.close();
    const heard = pings;
    await post(left);
    expect(pings).toBe(heard);
  });

  it('about one request keeps its connection, and the others do not wait', async () => {
    const server = await serverThat(({ stream, body }) => {
      if (body !== 'slow') answer(stream, 200);
    });
    const origin = originOf(server);
    const slow = post(origin, 'slow', 800);
    const others: unknown[] = [];
    let over = false;
    void slow.then(() => (over = true));
    while (!over) others.push(await post(origin));
    expect(await slow).toEqual({ failure: 'Timeout', unprocessed: false });
    expect(others.length).toBeGreaterThan(10);
    expect(others).toEqual(all(others.length));
    expect(await post(origin)).toEqual(accepted);
    expect(server.sessions).toHaveLength(1);
  });

  it('from the first byte costs the deadline, connecting included', async () => {
    const server = await tcpServerThat(() => undefined);
    expect(await post(originOf(server), 'ring', 300)).toEqual({ failure: 'Timeout', unprocessed: true });
  });

  it('from the first byte is given up after two seconds', async () => {
    const server = await tcpServerThat(() => undefined);
    expect(await post(originOf(server), 'ring', 20_000)).toEqual({
      failure: 'Connection.Timeout',
      unprocessed: true,
    });
  });
});

describe('a server that cannot be reached', () => {
  it('is not asked by everybody separately', async () => {
    const server = await tcpServerThat((socket) => socket.destroy());
    const failures = await burst(originOf(server), 100);
    expect(failures.every((failure) => 'failure' in failure && failure.unprocessed)).toBe(true);
    expect(server.accepted).toBe(1);
  });

  it('is not connected to in a storm', async () => {
    const server = await tcpServerThat((socket) => socket.destroy());
    const origin = originOf(server);
    const end = performance.now() + 1000;
    while (performance.now() < end) await post(origin, 'ring', 200);
    expect(server.accepted).toBeGreaterThan(2);
    expect(server.accepted).toBeLessThan(12);
  });

  it('because nobody listens says so, and works as soon as somebody does', async () => {
    const server = await HostileServer.start();
    const { port, origin: url } = server;
    await server.close();
    const origin = originOf({ origin: url });
    expect(await post(origin)).toEqual({ failure: 'Connection.ECONNREFUSED', unprocessed: true });
    await serverThat(undefined, { port });
    expect(await post(origin)).toEqual(accepted);
  });

  it('because its certificate is not of an authority we trust gets nothing from us', async () => {
    const stranger = await makeCertificates(['localhost']);
    const server = await serverThat(undefined, { key: stranger.key, cert: stranger.cert });
    for (const options of [{}, { ca: undefined }]) {
      const reply = await post(originOf(server, options));
      expect(reply).toMatchObject({ unprocessed: true });
      expect('failure' in reply && reply.failure).toMatch(/^Connection\..*(VERIFY|CERT|SIGNED)/);
    }
    expect(server.sessions.length + server.visits.length).toBe(0);
  });

  it('because its certificate is for another host gets nothing from us', async () => {
    const { ca: other, ...pair } = await makeCertificates(['api.push.apple.com']);
    const server = await serverThat(undefined, pair);
    const failure = 'Connection.ERR_TLS_CERT_ALTNAME_INVALID';
    expect(await post(originOf(server, { ca: other }))).toEqual({ failure, unprocessed: true });
    expect(server.visits).toHaveLength(0);
  });

  it('because it speaks another language is given up', async () => {
    const server = await tcpServerThat((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), true);
    expect(await post(originOf(server))).toMatchObject({ unprocessed: true });
  });

  it('because its address is none is a mistake in the settings', () => {
    expect(() => new H2Origin({ origin: 'localhost' })).toThrow(/URL|origin/);
    expect(() => new H2Origin({ origin: 'ftp://localhost' })).toThrow(/URL|origin/);
  });
});
