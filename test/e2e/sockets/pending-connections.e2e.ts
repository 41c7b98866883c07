import { SignJWT } from 'jose';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';
import { RawSocket } from '../../support/raw-socket.js';
import { StubbornSocket } from '../../support/stubborn-socket.js';

const SECRET = 'a secret of the app that is long enough';

const isRefusal = (frame: string): boolean => frame.startsWith('44');

describe('a stranger on one connection', () => {
  let database: TestDatabase;
  let gateway: TestGateway;
  let strict: TestGateway;
  const raws: RawSocket[] = [];
  const phones: Phone[] = [];
  beforeAll(async () => {
    database = await freshDatabase();
    gateway = await testGateway({}, database);
    strict = await testGateway(
      { RATE_LIMIT_REQUESTS_PER_ADDRESS: '1', TRUSTED_PROXIES: '127.0.0.1' },
      database,
    );
  });
  afterEach(() => {
    for (const raw of raws.splice(0)) raw.close();
    for (const phone of phones.splice(0)) phone.disconnect();
  });
  afterAll(async () => {
    await Promise.all([gateway.stop(), strict.stop()]);
    await database.drop();
  });

  const connection = async (to = gateway, headers = {}): Promise<RawSocket> => {
    const raw = new RawSocket(to.url, { headers });
    raws.push(raw);
    await raw.gets((frame) => frame.startsWith('0'));
    return raw;
  };
  const refusals = ({ frames }: RawSocket, count: number): Promise<string[]> =>
    eventually(
      () => Promise.resolve(frames.filter(isRefusal)),
      ({ length }) => length >= count,
    );

  it.each([
    ['nothing', '40{}'],
    ['a token that is none', '40{"token":"abc.def.ghi","deviceId":"x"}'],
    ['another namespace', '40/nope,'],
    ['another namespace, without a comma', '40/nope'],
  ])(
    'may ask with %s ten times, is told why not each time, and is cut off at the eleventh',
    async (_, frame) => {
      const raw = await connection();
      for (let asked = 1; asked <= 10; asked++) {
        raw.send(frame);
        await refusals(raw, asked);
      }
      raw.send(frame);
      await raw.closed;
      expect(raw.frames.filter(isRefusal)).toHaveLength(10);
    },
  );

  it('that asks thousands of times at once is cut off before anybody looks at it', async () => {
    const raw = await connection();
    for (let nr = 0; nr < 5_000; nr++) raw.send('40{}');
    await raw.closed;
    expect(raw.frames.filter(isRefusal).length).toBeLessThanOrEqual(10);
  });

  it.each([
    ['answers to questions nobody asked', '3'],
    ['nothing at all', '6'],
  ])('that says %s again and again is cut off', async (_, frame) => {
    const raw = await connection();
    for (let nr = 0; nr < 11; nr++) raw.send(frame);
    await raw.closed;
  });

  it('that pings again and again is cut off; a device is so only when it reads no answers', async () => {
    const raw = await connection();
    for (let nr = 0; nr < 11; nr++) raw.ping();
    await raw.closed;
    const device = await (await connection()).join({ token: await gateway.token('pia'), deviceId: 'pia' });
    for (let nr = 0; nr < 1_000; nr++) device.ping();
    device.send('421["sync",{}]');
    expect(await device.answerTo(1)).toMatchObject({ ok: true });
    device.pause();
    const flood = setInterval(() => {
      for (let nr = 0; nr < 5_000; nr++) device.ping();
    }, 5);
    await gateway.phone('quinn');
    await eventually(
      async () => (await gateway.http('/metrics')).text,
      (text) => text.includes('\nringway_sockets 1\n'),
    ).finally(() => clearInterval(flood));
  });

  it('that was let in may not ask for more without end either', async () => {
    const raw = await (await connection()).join({ token: await gateway.token('rob'), deviceId: 'rob' });
    for (let nr = 0; nr < 11; nr++) raw.send('40/nope,');
    await raw.closed;
  });

  it('that asks twice before it is answered is let in once', async () => {
    const raw = await connection();
    const ask = `40${JSON.stringify({ token: await gateway.token('sue'), deviceId: 'sue' })}`;
    raw.send(ask);
    raw.send(ask);
    await raw.gets((frame) => /^42\d+\["sync"/.test(frame));
    raw.send('421["sync",{}]');
    expect(await raw.answerTo(1)).toMatchObject({ ok: true });
    expect(raw.frames.filter((frame) => frame.startsWith('40') || isRefusal(frame))).toHaveLength(1);
  });

  it('that was refused may bring a good token, over the same connection or with another one', async () => {
    const auth = { token: await gateway.token('tom'), deviceId: 'tom' };
    const raw = await connection();
    raw.send('40{"token":"abc.def.ghi","deviceId":"tom"}');
    await raw.gets(isRefusal);
    await raw.join(auth);
    const phone = new Phone({ url: gateway.url, userId: 'uma', deviceId: 'uma', token: 'abc.def.ghi' });
    phones.push(phone);
    expect(await phone.hears('connect_error')).toMatchObject({ code: 'UNAUTHENTICATED' });
    phone.socket.auth = { token: await gateway.token('uma'), deviceId: 'uma' };
    phone.socket.connect();
    await phone.connected();
  });

  it('asks at the expense of its address, from the second time on', async () => {
    const from = { 'x-forwarded-for': '192.0.2.1' };
    const first = await connection(strict, from);
    for (let asked = 1; asked <= 10; asked++) {
      first.send('40{}');
      await refusals(first, asked);
    }
    expect(first.frames.filter((frame) => frame.includes('UNAUTHENTICATED'))).toHaveLength(10);
    const second = new RawSocket(strict.url, { headers: from });
    raws.push(second);
    await second.closed;
    expect(second.frames).toEqual([]);
    const elsewhere = await connection(strict, { 'x-forwarded-for': '192.0.2.2' });
    elsewhere.send('40{}');
    expect(await elsewhere.gets(isRefusal)).toContain('UNAUTHENTICATED');
  });

  it('is told in the words of a handshake when its address has asked too much', async () => {
    const from = { 'x-forwarded-for': '192.0.2.3' };
    const [one, other] = [await connection(strict, from), await connection(strict, from)];
    for (const raw of [one, other]) {
      for (let asked = 1; asked <= 10; asked++) {
        raw.send('40{}');
        await refusals(raw, asked);
      }
    }
    const told = JSON.parse(other.frames.filter(isRefusal).at(-1)!.slice(2)) as object;
    expect(told).toMatchObject({
      data: { code: 'TOO_MANY_CONNECTIONS', retryAfterMs: expect.any(Number) as number },
    });
  });

  it('counts with all others of its address, until it is gone', async () => {
    const from = { 'x-forwarded-for': '192.0.2.4' };
    const eight = await Promise.all(Array.from({ length: 8 }, () => connection(strict, from)));
    const ninth = new RawSocket(strict.url, { headers: from });
    raws.push(ninth);
    await ninth.closed;
    expect(ninth.frames).toEqual([]);
    await connection(strict, { 'x-forwarded-for': '192.0.2.5' });
    eight[0]!.close();
    const tenth = await eventually(
      async () => {
        const raw = new RawSocket(strict.url, { headers: from });
        raws.push(raw);
        return raw.gets((frame) => frame.startsWith('0'));
      },
      (opened) => opened !== null,
    );
    expect(tenth).toContain('sid');
  });

  it('that says nothing loses its TCP connection soon after it was told to go, whether it agrees or not', async () => {
    const stubborn = new StubbornSocket(gateway.url);
    await stubborn.hears('"sid"');
    await stubborn.freed();
  });
});

describe('a device that does not take part in closing its connection', () => {
  let gateway: TestGateway;
  const stubborns: StubbornSocket[] = [];
  beforeAll(async () => {
    gateway = await testGateway({ AUTH_SECRET: SECRET });
  });
  afterAll(async () => {
    for (const stubborn of stubborns) stubborn.close();
    await gateway.stop();
  });
  const joined = async (userId: string, forS = 600): Promise<StubbornSocket> => {
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(userId)
      .setExpirationTime(Math.floor(Date.now() / 1_000) + forS)
      .sign(new TextEncoder().encode(SECRET));
    const stubborn = new StubbornSocket(gateway.url);
    stubborns.push(stubborn);
    await stubborn.hears('"sid"');
    stubborn.send(`40${JSON.stringify({ token, deviceId: 'phone' })}`);
    await stubborn.hears('["sync"');
    return stubborn;
  };

  it('loses it when it is replaced', async () => {
    const first = await joined('vic');
    await joined('vic');
    await first.hears('session:replaced');
    await first.freed();
  });

  it('loses it when its token ends', async () => {
    const stubborn = await joined('wes', 2);
    await stubborn.hears('session:expired');
    await stubborn.freed();
  });

  it('loses it when it breaks the protocol', async () => {
    const stubborn = await joined('xia');
    stubborn.send('40{}');
    await stubborn.freed();
  });
});
