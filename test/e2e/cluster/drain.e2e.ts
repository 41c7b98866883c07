import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { request } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { GatewayChild } from '../../support/gateway-child.js';
import { RawSocket } from '../../support/raw-socket.js';

describe('a gateway that is asked to stop', () => {
  let database: TestDatabase;
  let wire: TcpProxy;
  let gateway: GatewayChild;
  let url: string;
  let token: string;
  const phones: Phone[] = [];
  beforeAll(async () => {
    database = await freshDatabase();
  });
  beforeEach(async () => {
    wire = await TcpProxy.to(database.url);
    gateway = new GatewayChild({ NODE_ENV: 'test', DEMO: '1', DATABASE_URL: wire.url });
    url = await gateway.ready();
    token = (await request(url, '/v1/dev/tokens', { body: { userId: 'alice' } })).body.token;
  });
  afterEach(async () => {
    for (const phone of phones.splice(0)) phone.disconnect();
    await gateway.send('SIGKILL');
    await wire.close();
  });
  afterAll(() => database.drop());

  const phone = async (deviceId: string): Promise<Phone> => {
    const made = new Phone({ url, userId: 'alice', deviceId, token });
    phones.push(made);
    await made.connected();
    return made;
  };
  const stopped = async (): Promise<void> => {
    const since = Date.now();
    expect(await gateway.send('SIGTERM')).toMatchObject({ code: 0, signal: null, complaint: [] });
    expect(Date.now() - since).toBeLessThan(10_000);
  };

  it('sends its devices away one after the other, each at a moment of its own', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, (_, nr) => phone(`phone-${nr}`)));
    const stopping = stopped();
    const moments = await Promise.all(all.map((one) => one.hears('server:draining')));
    const ready = await request(url, '/health/ready', {});
    expect(ready).toMatchObject({ status: 503, body: { parts: { node: { status: 'down' } } } });
    const times = moments.map(({ reconnectInMs }) => reconnectInMs as number).sort((a, b) => a - b);
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(1_000);
    expect(new Set(times).size).toBeGreaterThan(5);
    await stopping;
  });

  it('is not kept by a client that reads nothing, one that never ends its request, or one that says nothing', async () => {
    const deaf = await new RawSocket(url).join({ token, deviceId: 'deaf' });
    deaf.pause();
    for (let nr = 0; nr < 300; nr++) deaf.send(`42${nr}["sync",{}]`);
    const { port } = new URL(url);
    const slow = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    await once(slow, 'connect');
    slow.write(
      `POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{`,
    );
    const silent = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    await once(silent, 'connect');
    await stopped();
    for (const socket of [slow, silent]) socket.destroy();
    deaf.close();
  });

  it('is not kept by a PostgreSQL that hangs, and answers what it was asked', async () => {
    const alice = await phone('phone');
    wire.silence();
    const command = alice.say('sync');
    const asked = request(url, '/v1/calls', { token });
    const stopping = stopped();
    expect(await command).toMatchObject({ ok: false, error: { code: 'UNAVAILABLE' } });
    expect((await asked).status).toBe(503);
    await stopping;
  });
});
