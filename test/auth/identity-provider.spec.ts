import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, type JWK, SignJWT, exportJWK, exportSPKI, generateKeyPair, importJWK } from 'jose';
import { UserTokens } from '../../src/auth/user-tokens.js';
import { IN_AN_HOUR, clock, forged, key, refusalOf, signed } from './tokens.js';

const SECRET = 'a secret that does not count beside an identity provider';
const alice = { sub: 'alice', exp: IN_AN_HOUR };

const rsa = await generateKeyPair('RS256', { extractable: true });
const ec = await generateKeyPair('ES256', { extractable: true });
const ed = await generateKeyPair('EdDSA', { extractable: true });
const published: JWK[] = await Promise.all(
  [rsa, ec, ed].map(async ({ publicKey }, index) => ({
    ...(await exportJWK(publicKey)),
    kid: ['rsa', 'ec', 'ed'][index],
    use: 'sig',
  })),
);

let provider: Server;
let answer: { status: number; body: string };
let asked: number;
let tokens: UserTokens;

beforeEach(async () => {
  answer = { status: 200, body: JSON.stringify({ keys: published }) };
  asked = 0;
  provider = createServer((_, response) => {
    asked++;
    response.writeHead(answer.status).end(answer.body);
  }).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const jwksUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/keys`;
  tokens = new UserTokens({ secret: SECRET, jwksUrl, issuer: null, audience: null }, clock, 'fallback');
});

afterEach(async () => {
  provider.closeAllConnections();
  provider.close();
  if (provider.listening) await once(provider, 'close');
});

const by = (
  privateKey: CryptoKey,
  header: { alg: string; kid?: string; [name: string]: unknown },
): Promise<string> => new SignJWT(alice).setProtectedHeader(header).sign(privateKey);
const as = async (alg: string, { privateKey }: { privateKey: CryptoKey }): Promise<CryptoKey> =>
  (await importJWK(await exportJWK(privateKey), alg)) as CryptoKey;
const verdict = async (token: Promise<string> | string) => refusalOf(tokens.verify(await token));

describe("an identity provider's token", () => {
  it.each([
    ['RS256', 'rsa', rsa],
    ['ES256', 'ec', ec],
    ['EdDSA', 'ed', ed],
  ])('counts, signed with %s', async (alg, kid, { privateKey }) => {
    expect(await tokens.verify(await by(privateKey, { alg, kid }))).toMatchObject({ userId: 'alice' });
  });

  it('counts without a key id while just one key fits its algorithm', async () => {
    expect(await verdict(by(rsa.privateKey, { alg: 'RS256' }))).toBe('accepted');
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const another = { ...(await exportJWK(publicKey)), kid: 'another' };
    answer.body = JSON.stringify({ keys: [...published, another] });
    const { port } = provider.address() as AddressInfo;
    const auth = { secret: null, jwksUrl: `http://127.0.0.1:${port}/keys`, issuer: null, audience: null };
    tokens = new UserTokens(auth, clock, 'fallback');
    expect(await verdict(by(rsa.privateKey, { alg: 'RS256' }))).toBe('UNAUTHENTICATED');
    expect(await verdict(by(rsa.privateKey, { alg: 'RS256', kid: 'rsa' }))).toBe('accepted');
  });

  it.each<[string, () => Promise<string> | string]>([
    ['that is signed with the shared secret instead', () => signed(SECRET)],
    [
      'that is signed with the shared secret under a known key id',
      () => signed(SECRET, alice, { alg: 'HS256', kid: 'rsa' }),
    ],
    [
      "that is signed with the provider's public key as if it were a secret",
      async () => {
        const spki = await exportSPKI(rsa.publicKey);
        return new SignJWT(alice).setProtectedHeader({ alg: 'HS256', kid: 'rsa' }).sign(key(spki));
      },
    ],
    ['with alg none under a known key id', () => forged({ alg: 'none', kid: 'rsa' }, alice)],
    [
      'with another algorithm of the same key',
      async () => by(await as('RS384', rsa), { alg: 'RS384', kid: 'rsa' }),
    ],
    ['with an empty key id', () => by(rsa.privateKey, { alg: 'RS256', kid: '' })],
    ['with the key id of another key', () => by(rsa.privateKey, { alg: 'RS256', kid: 'ec' })],
    [
      'of a stranger under a known key id',
      async () => by((await generateKeyPair('RS256')).privateKey, { alg: 'RS256', kid: 'rsa' }),
    ],
    [
      'that brings its own key',
      async () => {
        const own = await generateKeyPair('ES256', { extractable: true });
        return by(own.privateKey, { alg: 'ES256', kid: 'ec', jwk: await exportJWK(own.publicKey) });
      },
    ],
  ])('does not count %s', async (_, token) => expect(await verdict(token())).toBe('UNAUTHENTICATED'));

  it('is told when it has expired', async () => {
    const old = new SignJWT({ ...alice, exp: 1 })
      .setProtectedHeader({ alg: 'ES256', kid: 'ec' })
      .sign(ec.privateKey);
    expect(await verdict(old)).toBe('TOKEN_EXPIRED');
  });
});

describe("the provider's keys", () => {
  it('are fetched once, also for a flood of key ids that strangers made up', async () => {
    expect(await verdict(by(ec.privateKey, { alg: 'ES256', kid: 'ec' }))).toBe('accepted');
    for (let i = 0; i < 20; i++) {
      expect(await verdict(by(ec.privateKey, { alg: 'ES256', kid: `made up ${i}` }))).toBe('UNAUTHENTICATED');
    }
    expect(asked).toBe(1);
  });

  it.each<[string, { status: number; body: string }]>([
    ['an error', { status: 503, body: 'busy' }],
    ['a redirection', { status: 302, body: '' }],
    ['a page instead of keys', { status: 200, body: '<html></html>' }],
    ['JSON that is none of keys', { status: 200, body: '{}' }],
  ])('being %s is no fault of who speaks: they may try again', async (_, given) => {
    answer = given;
    expect(await verdict(by(ec.privateKey, { alg: 'ES256', kid: 'ec' }))).toBe('UNAVAILABLE');
    answer = { status: 200, body: JSON.stringify({ keys: published }) };
    expect(await verdict(by(ec.privateKey, { alg: 'ES256', kid: 'ec' }))).toBe('accepted');
  });

  it('being out of reach is no fault of who speaks either', async () => {
    provider.close();
    await once(provider, 'close');
    expect(await verdict(by(ec.privateKey, { alg: 'ES256', kid: 'ec' }))).toBe('UNAVAILABLE');
  });

  it('are not even asked for about nonsense', async () => {
    expect(await verdict('nonsense')).toBe('UNAUTHENTICATED');
    expect(await verdict(signed(SECRET))).toBe('UNAUTHENTICATED');
    expect(asked).toBe(0);
  });
});
