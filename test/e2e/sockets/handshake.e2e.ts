import { SignJWT, UnsecuredJWT } from 'jose';
import { io } from 'socket.io-client';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import { Phone, type Told } from '../../support/phone.js';
import { RawSocket } from '../../support/raw-socket.js';

const SECRET = 'a secret of the app that is long enough';
const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);
const soon = (): number => Math.floor(Date.now() / 1_000) + 600;

interface Claims {
  sub?: unknown;
  exp?: unknown;
  name?: unknown;
}
const sign = (claims: Claims, { alg = 'HS256', secret = SECRET } = {}): Promise<string> =>
  new SignJWT(claims as Record<string, unknown>).setProtectedHeader({ alg }).sign(encoded(secret));

describe('a handshake', () => {
  let gateway: TestGateway;
  const phones: Phone[] = [];
  beforeAll(async () => {
    gateway = await testGateway({ AUTH_SECRET: SECRET, CORS_ORIGINS: 'https://app.example.com' });
  });
  afterAll(async () => {
    for (const phone of phones) phone.disconnect();
    await gateway.stop();
  });

  const dial = (auth: object, origin?: string): Phone => {
    const phone = new Phone({
      url: gateway.url,
      userId: 'ann',
      deviceId: 'pixel',
      token: '',
      origin,
      ...auth,
    });
    phones.push(phone);
    return phone;
  };
  const refusalOf = async (auth: object): Promise<Told> => dial(auth).hears('connect_error');

  it.each<[string, () => unknown]>([
    ['no token', () => undefined],
    ['an empty token', () => ''],
    ['a token that is not text', () => ({ sub: 'ann' })],
    ['a token that is not a JWT', () => 'abc.def.ghi'],
    ['a token of megabytes', () => 'x'.repeat(90_000)],
    [
      'a token signed with another secret',
      () => sign({ sub: 'ann', exp: soon() }, { secret: 'somebody else has this one, 32 bytes' }),
    ],
    ['a token without a signature', () => new UnsecuredJWT({ sub: 'ann', exp: soon() }).encode()],
    ['a token of another algorithm', () => sign({ sub: 'ann', exp: soon() }, { alg: 'HS512' })],
    ['a token that never ends', () => sign({ sub: 'ann' })],
    ['a token that ends at no time', () => sign({ sub: 'ann', exp: 'tomorrow' })],
    ['a token of nobody', () => sign({ exp: soon() })],
    ['a token of an empty user id', () => sign({ sub: '', exp: soon() })],
    ['a token of a user id of 129 characters', () => sign({ sub: 'u'.repeat(129), exp: soon() })],
    ['a token of a user id with a NUL', () => sign({ sub: 'a\0b', exp: soon() })],
  ])('with %s is refused as UNAUTHENTICATED', async (_, makeToken) => {
    const token = (await makeToken()) as string;
    const { code, message, ...rest } = await refusalOf({ token });
    expect(code).toBe('UNAUTHENTICATED');
    expect(message).toMatch(/token/i);
    expect(rest).toEqual({});
  });

  it('with a token of yesterday is refused as TOKEN_EXPIRED', async () => {
    expect(await refusalOf({ token: await sign({ sub: 'ann', exp: soon() - 86_400 }) })).toMatchObject({
      code: 'TOKEN_EXPIRED',
    });
  });

  it.each([
    undefined,
    null,
    '',
    'two words',
    'x'.repeat(129),
    'naïve',
    'a/b',
    'a\0b',
    7,
    ['pixel'],
    { id: 'pixel' },
  ])('with the device id %j is refused as DEVICE_ID_INVALID', async (deviceId) => {
    const refusal = await refusalOf({ token: await gateway.token('ann'), deviceId });
    expect(refusal).toEqual({
      code: 'DEVICE_ID_INVALID',
      message: expect.stringContaining('deviceId') as string,
    });
  });

  it('takes user ids of 128 characters, device ids of 128 characters, and names that are too long', async () => {
    const deviceId = 'aZ0._-'.padEnd(128, 'x');
    const user = 'é'.repeat(128);
    const phone = dial({ token: await sign({ sub: user, exp: soon(), name: '🙂'.repeat(300) }), deviceId });
    await phone.connected();
    const callId = await phone.calls('nobody');
    const { call } = await phone.hears('call:failed');
    expect(call).toMatchObject({ callId, caller: { userId: user, name: '🙂'.repeat(200) } });
  });

  it('is refused as TOO_MANY_CONNECTIONS when a user has 50 devices connected, but not for one of the 50', async () => {
    const token = await gateway.token('collector');
    const many = Array.from({ length: 60 }, (_, index) => dial({ token, deviceId: `d${index}` }));
    const greetings = await Promise.all(
      many.map((phone) => Promise.race([phone.connected(), phone.hears('connect_error')])),
    );
    const refused = greetings.filter(
      (greeting: { code?: string }) => greeting.code === 'TOO_MANY_CONNECTIONS',
    );
    expect(refused).toHaveLength(10);
    const connected = many.find((phone) => phone.socket.connected)!;
    const again = dial({ token, deviceId: connected.deviceId });
    await connected.hears('session:replaced');
    await again.caughtUp();
  });

  it('needs the WebSocket transport', async () => {
    const polling = await gateway.http('/socket.io/?EIO=4&transport=polling');
    expect(polling.status).toBe(400);
    const client = io(gateway.url, { transports: ['polling'], forceNew: true, reconnection: false });
    await new Promise((resolve) => client.once('connect_error', resolve));
    client.disconnect();
  });

  it('knows no other namespace', async () => {
    const auth = { token: await gateway.token('ann'), deviceId: 'pixel' };
    const client = io(`${gateway.url}/admin`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      auth,
    });
    const error = await new Promise<Error>((resolve) => client.once('connect_error', resolve));
    expect(error.message).toMatch(/namespace/i);
    client.disconnect();
  });

  it('may come from a native app, from the same origin and from an allowed origin, but from no other page', async () => {
    const token = await gateway.token('ann');
    await dial({ token, deviceId: 'native' }).connected();
    await dial({ token, deviceId: 'console' }, gateway.url).connected();
    await dial({ token, deviceId: 'web' }, 'https://app.example.com').connected();
    for (const origin of [
      'https://evil.example.com',
      'https://app.example.com.evil.com',
      'null',
      'http://app.example.com',
    ]) {
      expect(await dial({ token, deviceId: 'evil' }, origin).hears('connect_error')).toMatch(
        /websocket error/,
      );
    }
  });
});

describe('a connection that says nothing', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ AUTH_SECRET: SECRET });
  });
  afterAll(() => gateway.stop());

  it('is closed, and so is one that was refused, or left again', async () => {
    const [silent, refused, left] = [
      new RawSocket(gateway.url),
      new RawSocket(gateway.url),
      new RawSocket(gateway.url),
    ];
    await refused.gets((frame) => frame.startsWith('0'));
    refused.send('40{"token":"no"}');
    expect(await refused.gets((frame) => frame.startsWith('44'))).toContain('UNAUTHENTICATED');
    await left.join({ token: await gateway.token('ann'), deviceId: 'pixel' });
    left.send('41');
    const within = (ms: number): Promise<never> =>
      new Promise((_, reject) => setTimeout(() => reject(new Error('still open')), ms).unref());
    await Promise.race([Promise.all([silent.closed, refused.closed, left.closed]), within(12_000)]);
  });
});
