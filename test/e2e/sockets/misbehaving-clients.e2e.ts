import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type HttpAnswer, type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';
import { RawSocket } from '../../support/raw-socket.js';

/** Others are served within a second; a busy machine may need some more to say so. */
const PROMPT_MS = 3_000;

const connected = async (gateway: TestGateway): Promise<number> => {
  const { text } = await gateway.http('/metrics', { headers: { 'x-forwarded-for': '192.0.2.200' } });
  return Number(/^ringway_sockets (\d+)$/m.exec(text)![1]);
};

/** Two other people set up a call, on the connections they had. */
async function callPromptly(alice: Phone, bob: Phone): Promise<void> {
  const since = performance.now();
  const callId = await alice.calls(bob.userId);
  await bob.hears('call:incoming', ({ call }) => call.callId === callId);
  expect(await bob.say('call:answer', { callId })).toMatchObject({ ok: true });
  await alice.hears('call:answered', ({ call }) => call.callId === callId);
  expect(performance.now() - since).toBeLessThan(PROMPT_MS);
  await alice.say('call:end', { callId });
}

describe('whoever asks too much', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  let token: string;
  beforeAll(async () => {
    gateway = await testGateway({
      ...{
        RATE_LIMIT_EVENTS_PER_SECOND: '2',
        RATE_LIMIT_REQUESTS_PER_ADDRESS: '20',
        TRUSTED_PROXIES: '127.0.0.1',
      },
    });
    alice = await gateway.phone('alice');
    bob = await gateway.phone('bob');
    token = await gateway.token('mallory');
  });
  afterAll(() => gateway.stop());
  const asks = (count: number, from: (nr: number) => string, more = {}): Promise<HttpAnswer[]> =>
    Promise.all(
      Array.from({ length: count }, (_, nr) =>
        gateway.http('/v1/calls', { headers: { 'x-forwarded-for': from(nr) }, ...more }),
      ),
    );

  it('with one token is answered 429 and when to come back, from wherever it is, while others are served', async () => {
    const flood = asks(300, (nr) => `192.0.2.${nr % 100}`, { token });
    await callPromptly(alice, bob);
    const answers = await flood;
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(50);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(32);
    expect(refused[0]!.body).toMatchObject({ code: 'RATE_LIMITED', status: 429 });
    expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('from one address is answered 429 before anybody looks at a token, and others are served', async () => {
    const answers: HttpAnswer[] = [];
    // On a busy machine the first few hundred may take so long that they are not too many.
    await eventually(
      async () => answers.push(...(await asks(300, () => '198.51.100.1, 203.0.113.1'))),
      () => answers.some(({ status }) => status === 429),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([401, 429]);
    const refused = answers.find(({ status }) => status === 429)!;
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // It may not say that it is somebody else, but others are.
    await eventually(
      async () => (await asks(30, () => '203.0.113.1')).some(({ status }) => status === 429),
      Boolean,
    );
    expect((await asks(1, () => '203.0.113.2'))[0]!.status).toBe(401);
    const from = { 'x-forwarded-for': '203.0.113.1' };
    await Promise.all(Array.from({ length: 100 }, () => asks(1, () => '203.0.113.1')));
    expect((await gateway.http('/health/ready', { headers: from })).status).toBe(200);
    const sockets = Array.from({ length: 30 }, () => new RawSocket(gateway.url, { headers: from }));
    const opened = sockets.map((socket) => socket.gets((frame) => frame.startsWith('0')));
    expect((await Promise.all(opened)).filter((frame) => frame === null).length).toBeGreaterThan(0);
    for (const socket of sockets) socket.close();
    await callPromptly(alice, bob);
  });

  it('with 2,000 messages at once is answered 2,000 times, mostly that it is too much', async () => {
    const raw = await new RawSocket(gateway.url).join({
      token: await gateway.token('loud'),
      deviceId: 'loud',
    });
    for (let nr = 0; nr < 2_000; nr++) raw.send(`42${nr}["sync",{}]`);
    await callPromptly(alice, bob);
    // Who is told that it is too much is told so before those whose answer takes a look at the database.
    const answers = await eventually(
      async () => raw.frames.filter((frame) => /^43\d+\[/.test(frame)),
      ({ length }) => length >= 2_000,
    );
    expect(answers).toHaveLength(2_000);
    const refused = answers.filter((frame) => frame.includes('RATE_LIMITED'));
    expect(refused.length).toBeGreaterThan(1_500);
    raw.close();
  });

  it('and sends its request too slowly, or in headers that never end, is cut off', async () => {
    const { port } = new URL(gateway.url);
    const open = async (text: string): Promise<{ ended: Promise<string> }> => {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      let said = '';
      socket.setEncoding('utf8').on('data', (more: string) => (said += more));
      socket.write(text);
      return { ended: once(socket, 'close').then(() => said) };
    };
    const slow = await open('GET /v1/calls HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const silent = await open('');
    const long = await open(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const many = await open(`GET / HTTP/1.1\r\nHost: x\r\n${'Header: of some length\r\n'.repeat(5_000)}\r\n`);
    expect(await long.ended).toMatch(/^HTTP\/1.1 431/);
    expect(await many.ended).toMatch(/^HTTP\/1.1 431/);
    expect(await slow.ended).toMatch(/^HTTP\/1.1 408/);
    await silent.ended;
    await callPromptly(alice, bob);
  });
});

describe('one user', () => {
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;
  beforeAll(async () => {
    database = await freshDatabase();
    one = await testGateway({ RATE_LIMIT_EVENTS_PER_SECOND: '100000' }, database);
    two = await testGateway({}, database);
  });
  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
    await database.drop();
  });

  it('may have 50 devices connected, also when more come at the same time, and on all nodes together', async () => {
    const token = await one.token('collector');
    const phones = Array.from(
      { length: 60 },
      (_, nr) => new Phone({ url: one.url, userId: 'collector', deviceId: `phone-${nr}`, token }),
    );
    const outcomes = await Promise.all(
      phones.map((phone) => Promise.race([phone.connected().then(() => 'in'), phone.hears('connect_error')])),
    );
    const refused = outcomes.filter((outcome) => outcome !== 'in');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ code: 'TOO_MANY_CONNECTIONS', message: expect.any(String) as string });
    const elsewhere = new Phone({ url: two.url, userId: 'collector', deviceId: 'one-more', token });
    expect(await elsewhere.hears('connect_error')).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    // A device that moves to the other node is none too many.
    const moving = phones[outcomes.indexOf('in')]!;
    const moved = new Phone({ url: two.url, userId: 'collector', deviceId: moving.deviceId, token });
    await moved.connected();
    for (const phone of [...phones, elsewhere, moved]) phone.disconnect();
  }, 40_000);

  it('who reads nothing of what others send is cut off by bytes, and finds the call when back', async () => {
    const alice = await one.phone('alice');
    const deaf = await new RawSocket(one.url).join({ token: await one.token('deaf'), deviceId: 'deaf' });
    const callId = await alice.calls('deaf');
    deaf.send(`421["call:answer",{"callId":"${callId}"}]`);
    expect(await deaf.answerTo(1)).toMatchObject({ ok: true });
    const before = await connected(one);
    deaf.pause();
    const signal = 'x'.repeat(60_000);
    let sent = 0;
    await eventually(
      async () => {
        await Promise.all(Array.from({ length: 20 }, () => alice.say('call:signal', { callId, signal })));
        sent += 20;
        return connected(one);
      },
      (count) => count < before,
    );
    expect(sent).toBeLessThan(2_000); // by bytes, long before it would be by messages
    const back = await one.phone('deaf', { deviceId: 'deaf' });
    expect((await back.hears('sync')).calls).toMatchObject([{ callId, state: 'answered' }]);
    deaf.close();
  });
});
