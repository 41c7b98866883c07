import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CryptoKey,
  type GenerateKeyPairResult as KeyPair,
  SignJWT,
  exportJWK,
  exportSPKI,
  generateKeyPair,
} from 'jose';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';

const SECRET = 'a secret of the app that is long enough';
const inSeconds = (seconds: number): number => Math.ceil(Date.now() / 1_000) + seconds;

describe('a session', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ AUTH_SECRET: SECRET });
  });
  afterAll(() => gateway.stop());

  const tokenUntil = (exp: number, sub = 'ann', name?: string): Promise<string> =>
    new SignJWT({ sub, exp, name })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(SECRET));

  it('begins with a sync of the calls that are live or were over a moment ago, oldest first', async () => {
    const bob = await gateway.phone('bob');
    const alice = await gateway.phone('alice');
    const over = await alice.calls('bob');
    await bob.say('call:decline', { callId: over });
    const live = await alice.calls('bob');
    await bob.hears('call:incoming', ({ call }) => call.callId === live);

    const tablet = await gateway.phone('bob', { deviceId: 'tablet' });
    const { serverTime, calls, signals } = await tablet.hears('sync');
    expect(calls).toMatchObject([
      { callId: over, state: 'ended', outcome: 'declined', version: 2 },
      { callId: live, state: 'initiated', outcome: null, version: 1 },
    ]);
    expect(signals).toEqual([]);
    expect(Math.abs(Date.parse(serverTime) - Date.now())).toBeLessThan(5_000);
    // It came late, but the call still rings: so does this device.
    expect(await tablet.hears('call:incoming')).toMatchObject({
      call: { callId: live },
      serverTime: expect.any(String) as string,
    });
    expect(tablet.all('call:incoming')).toHaveLength(1);
    expect(tablet.heard[0]!.event).toBe('sync');
  });

  it('is replaced by a second connection of the same device, which then gets the calls', async () => {
    const first = await gateway.phone('carol');
    const second = await gateway.phone('carol');
    expect(await first.hears('session:replaced')).toEqual({});
    await first.hears('disconnect');
    const dave = await gateway.phone('dave');
    const callId = await dave.calls('carol');
    await second.hears('call:incoming');
    expect(await second.say('call:answer', { callId })).toMatchObject({ ok: true });
    expect(first.about(callId)).toEqual([]);
  });

  it('is not replaced by the same device id of another user', async () => {
    const erin = await gateway.phone('erin', { deviceId: 'shared-tablet' });
    const frank = await gateway.phone('frank', { deviceId: 'shared-tablet' });
    const callId = await erin.calls('frank');
    await frank.hears('call:incoming');
    expect(await frank.say('call:answer', { callId })).toMatchObject({ ok: true });
    await erin.hears('call:answered');
  });

  it('ends with session:expired when its token does', async () => {
    const phone = await gateway.phone('ann', { token: await tokenUntil(inSeconds(1)), deviceId: 'expiring' });
    expect(await phone.hears('session:expired')).toEqual({});
    await phone.hears('disconnect');
  });

  it('goes on with session:refresh, under the new name and until the new token ends', async () => {
    const ends = inSeconds(1);
    const phone = await gateway.phone('ann', { token: await tokenUntil(ends), deviceId: 'refreshing' });
    const witness = await gateway.phone('ann', { token: await tokenUntil(ends), deviceId: 'not-refreshing' });
    const later = inSeconds(3);
    const refreshed = await phone.say('session:refresh', {
      token: await tokenUntil(later, 'ann', 'Ann Later'),
    });
    expect(refreshed).toEqual({ ok: true, expiresAt: new Date(later * 1_000).toISOString() });
    await witness.hears('session:expired');
    const callId = await phone.calls('nobody');
    expect(await phone.hears('call:failed')).toMatchObject({
      call: { callId, caller: { name: 'Ann Later' } },
    });
    await phone.hears('session:expired');
  });

  it('takes a token that ends in the very far future', async () => {
    const token = await tokenUntil(9e15);
    const phone = await gateway.phone('ann', { token, deviceId: 'for-ever' });
    expect(await phone.say('session:refresh', { token })).toMatchObject({ ok: true });
  });

  it('is not refreshed by a token of another user, an old one, a forged one, or none', async () => {
    const phone = await gateway.phone('gina');
    const refresh = async (token: unknown): Promise<unknown> =>
      (await phone.say('session:refresh', { token })).error;
    expect(await refresh(await gateway.token('harry'))).toMatchObject({
      code: 'UNAUTHENTICATED',
      retryable: false,
    });
    expect(await refresh(await tokenUntil(inSeconds(-60), 'gina'))).toMatchObject({ code: 'TOKEN_EXPIRED' });
    expect(await refresh('abc.def.ghi')).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await refresh(undefined)).toMatchObject({ code: 'INVALID', details: [{ path: 'token' }] });
    expect(await phone.say('sync')).toMatchObject({ ok: true });
  });

  it('tells with device:state whether a push must accompany the socket', async () => {
    const android = { platform: 'android', fcmToken: 'token-of-ivy' };
    const ivy = await gateway.phone('ivy', { appState: 'background', acknowledges: false });
    await gateway.http('/v1/devices/ivy-phone', { as: 'ivy', method: 'PUT', body: android });
    const john = await gateway.phone('john');
    const requested = async (): Promise<unknown> => {
      const callId = await john.calls('ivy');
      const look = async (): Promise<{ data: unknown } | undefined> => {
        const { body } = await gateway.http(`/v1/calls/${callId}/events`, { as: 'john' });
        return body.items.find(({ type }) => type === 'WakeRequested');
      };
      const found = await eventually(look, (item) => item !== undefined);
      await john.say('call:cancel', { callId });
      return found!.data;
    };
    expect(await requested()).toMatchObject({ channel: 'push', because: 'background' });
    expect(await ivy.say('device:state', { state: 'foreground' })).toEqual({ ok: true });
    expect(await requested()).toMatchObject({ channel: 'socket' });
    expect(await ivy.say('device:state', { state: 'background' })).toEqual({ ok: true });
    expect(await requested()).toMatchObject({ channel: 'push', because: 'background' });
  });
});

describe('a gateway that trusts an identity provider', () => {
  let gateway: TestGateway;
  let provider: Server;
  let keys: { rs256: KeyPair; es256: KeyPair; eddsa: KeyPair };
  beforeAll(async () => {
    const [rs256, es256, eddsa] = await Promise.all([
      generateKeyPair('RS256'),
      generateKeyPair('ES256'),
      generateKeyPair('EdDSA'),
    ]);
    keys = { rs256, es256, eddsa };
    const jwks = await Promise.all(
      Object.entries(keys).map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid })),
    );
    provider = createServer((_, response) => response.end(JSON.stringify({ keys: jwks })));
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const { port } = provider.address() as AddressInfo;
    gateway = await testGateway({
      ...{ DEMO: '0', AUTH_JWKS_URL: `http://127.0.0.1:${port}/jwks.json` },
      ...{ AUTH_ISSUER: 'https://id.example.com', AUTH_AUDIENCE: 'calls' },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    provider.close();
  });

  const claims = { sub: 'kate', exp: inSeconds(600), iss: 'https://id.example.com', aud: 'calls' };
  const sign = (key: CryptoKey | Uint8Array, alg: string, kid?: string, more = {}): Promise<string> =>
    new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg, kid }).sign(key);
  const greeting = async (token: string): Promise<string> => {
    const phone = new Phone({ url: gateway.url, userId: 'kate', deviceId: 'phone', token });
    const outcome = await Promise.race([
      phone.connected().then(() => 'welcome'),
      phone.hears('connect_error').then(({ code }) => code),
    ]);
    phone.disconnect();
    return outcome;
  };

  it('welcomes what its keys signed with RS256, ES256 and EdDSA', async () => {
    expect(await greeting(await sign(keys.rs256.privateKey, 'RS256', 'rs256'))).toBe('welcome');
    expect(await greeting(await sign(keys.es256.privateKey, 'ES256', 'es256'))).toBe('welcome');
    expect(await greeting(await sign(keys.eddsa.privateKey, 'EdDSA', 'eddsa'))).toBe('welcome');
  });

  it('refuses another issuer, another audience, unknown and borrowed keys, and a public key used as a secret', async () => {
    const { rs256, es256 } = keys;
    expect(
      await greeting(await sign(rs256.privateKey, 'RS256', 'rs256', { iss: 'https://evil.example.com' })),
    ).toBe('UNAUTHENTICATED');
    expect(await greeting(await sign(rs256.privateKey, 'RS256', 'rs256', { aud: 'mail' }))).toBe(
      'UNAUTHENTICATED',
    );
    expect(await greeting(await sign(rs256.privateKey, 'RS256', '../../etc/passwd'))).toBe('UNAUTHENTICATED');
    expect(await greeting(await sign(es256.privateKey, 'ES256', 'rs256'))).toBe('UNAUTHENTICATED');
    const pem = new TextEncoder().encode(await exportSPKI(rs256.publicKey));
    expect(await greeting(await sign(pem, 'HS256', 'rs256'))).toBe('UNAUTHENTICATED');
    expect((await gateway.http('/v1/dev/tokens', { body: { userId: 'kate' } })).status).toBe(404);
  });
});
