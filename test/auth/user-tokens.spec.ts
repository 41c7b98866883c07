import { createHmac } from 'node:crypto';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import type { Config } from '../../src/config/config.js';
import { UserTokens } from '../../src/auth/user-tokens.js';
import { clock, forged, IN_AN_HOUR, key, NOW, refusalOf, signed } from './tokens.js';

const SECRET = 'the secret this app shares with its gateway';
const noOne = { secret: null, jwksUrl: null, issuer: null, audience: null };
const tokensWith = (auth: Partial<Config['auth']> = {}): UserTokens =>
  new UserTokens({ ...noOne, secret: SECRET, ...auth }, clock, 'fallback of the development mode');
const tokens = tokensWith();

const alice = { sub: 'alice', exp: IN_AN_HOUR };
const verified = async (claims: JWTPayload) => tokens.verify(await signed(SECRET, claims));

describe("a user's token", () => {
  it('says who is speaking, under which name, and until when', async () =>
    expect(await verified({ ...alice, name: 'Alice' })).toEqual({
      ...{ userId: 'alice', name: 'Alice', expiresAt: IN_AN_HOUR * 1_000, scopes: [] },
    }));

  it('says what its bearer may do, as words between spaces', async () => {
    const scopesOf = async (scope: unknown) => (await verified({ ...alice, scope })).scopes;
    expect(await scopesOf('openid  ringway:operator ')).toEqual(['openid', 'ringway:operator']);
    for (const scope of [undefined, null, '', 7, ['ringway:operator'], { 'ringway:operator': true }]) {
      expect(await scopesOf(scope)).toEqual([]);
    }
  });

  it('needs no name', async () => {
    for (const name of [undefined, null, '', '  ', 7, ['Alice'], { first: 'Alice' }, '\0']) {
      expect(await verified({ ...alice, name })).toMatchObject({ userId: 'alice', name: null });
    }
  });

  it('may be signed by any library, or by hand', async () =>
    expect(await refusalOf(tokens.verify(signedByHand({ alg: 'HS256', typ: 'JWT', kid: 'x' })))).toBe(
      'accepted',
    ));

  it('may be of anybody with 1 to 128 characters', async () => {
    for (const sub of [
      'a',
      'a'.repeat(128),
      '😀'.repeat(128),
      'user@example.com',
      'пользователь',
      'auth0|42',
    ]) {
      expect((await verified({ ...alice, sub })).userId).toBe(sub);
    }
  });

  it('has its name cut at 200 characters, and never through one', async () => {
    const nameOf = async (name: string) => (await verified({ ...alice, name })).name;
    expect(await nameOf('x'.repeat(200))).toBe('x'.repeat(200));
    expect(await nameOf('x'.repeat(201))).toBe('x'.repeat(200));
    expect(await nameOf('🎉'.repeat(201))).toBe('🎉'.repeat(200));
    expect(await nameOf(`${'x'.repeat(199)}🎉🎉`)).toBe(`${'x'.repeat(199)}🎉`);
  });

  it('has its name cleaned of what PostgreSQL cannot store', async () =>
    expect((await tokens.verify(await tokenNamed('A\0li\uD83Cce'))).name).toBe('Ali\uFFFDce'));

  it('may end so late that no calendar knows the day', async () => {
    for (const exp of [1e12, 1e15, 1e300]) {
      const { expiresAt } = await verified({ ...alice, exp });
      expect(expiresAt).toBeGreaterThan(NOW);
      expect(() => new Date(expiresAt).toISOString()).not.toThrow();
    }
  });

  it('counts from the instant it was made, also where clocks differ by nothing', async () =>
    expect(await refusalOf(verified({ ...alice, nbf: NOW / 1_000, iat: NOW / 1_000 }))).toBe('accepted'));
});

/** JSON writes half a surrogate pair as an escape, so that it survives UTF-8. */
const tokenNamed = (name: string): Promise<string> => signed(SECRET, { ...alice, name });

describe('a token that is expired', () => {
  it.each([
    ['by now', NOW / 1_000],
    ['since a second', NOW / 1_000 - 1],
    ['since 1970', 0],
    ['since before that', -1],
  ])('%s is told so', async (_, exp) =>
    expect(await refusalOf(verified({ ...alice, exp }))).toBe('TOKEN_EXPIRED'),
  );

  it('is not told so when somebody else signed it: that would be news', async () =>
    expect(await refusalOf(tokens.verify(await signed('x'.repeat(32), { ...alice, exp: 1 })))).toBe(
      'UNAUTHENTICATED',
    ));

  it('is good until its last second', async () =>
    expect(await refusalOf(verified({ ...alice, exp: NOW / 1_000 + 1 }))).toBe('accepted'));
});

describe('a token is refused', () => {
  it.each<[string, JWTPayload]>([
    ['without exp', { sub: 'alice' }],
    ['with an exp that is no number', { sub: 'alice', exp: 'tomorrow' as unknown as number }],
    ['without sub', { exp: IN_AN_HOUR }],
    ['with an empty sub', { ...alice, sub: '' }],
    ['with a sub that is no text', { ...alice, sub: true as never }],
    ['with a sub of 129 characters', { ...alice, sub: 'a'.repeat(129) }],
    ['with NUL in its sub', { ...alice, sub: 'al\0ice' }],
    ['with half a surrogate pair in its sub', { ...alice, sub: 'al\uD83C' }],
    ['before it is valid', { ...alice, nbf: NOW / 1_000 + 61 }],
    ['before it was issued', { ...alice, iat: NOW / 1_000 + 61 }],
  ])('%s', async (_, claims) => expect(await refusalOf(verified(claims))).toBe('UNAUTHENTICATED'));

  const good = () => signed(SECRET);
  it.each<[string, () => unknown]>([
    ['that is absent', () => undefined],
    ['that is null', () => null],
    ['that is empty', () => ''],
    ['that is no text', () => ({ token: 'x' })],
    ['that is a list of one', async () => [await good()]],
    ['that is nonsense', () => 'nonsense'],
    ['that has two parts', () => 'a.b'],
    ['that has five parts, as encrypted ones', () => 'a.b.c.d.e'],
    ['that is longer than 8,192 characters', () => signed(SECRET, { ...alice, name: 'x'.repeat(8_192) })],
    ['with alg none', () => new UnsecuredJWT(alice).encode()],
    ['with alg None, in other letters', () => forged({ alg: 'None' }, alice)],
    [
      'with alg none and a signature',
      async () => forged({ alg: 'none' }, alice, (await good()).split('.')[2]),
    ],
    ['without alg', () => forged({ typ: 'JWT' }, alice, 'x')],
    ['signed with another secret', () => signed('another secret that is as long as this')],
    ['signed with no secret at all', () => signed(' ')],
    ['signed with HS384', () => signed(SECRET.padEnd(64, '!'), alice, { alg: 'HS384' })],
    ['with the secret, but HS512', () => signed(SECRET, alice, { alg: 'HS512' })],
    ['whose claims were changed', async () => changed(await good(), 1, { ...alice, sub: 'mallory' })],
    ['whose header was changed', async () => changed(await good(), 0, { alg: 'HS256', kid: 'x' })],
    ['whose signature was cut', async () => (await good()).slice(0, -4)],
    ['that brings its own key', () => signedWithOwnKey()],
    ['with a critical header nobody knows', () => signedByHand({ alg: 'HS256', crit: ['x'], x: 1 })],
  ])('%s', async (_, token) => expect(await refusalOf(tokens.verify(await token()))).toBe('UNAUTHENTICATED'));

  it('with a sentence that repeats nothing of it', async () => {
    const token = await signed('another secret that is as long as this', { sub: 'mallory', exp: IN_AN_HOUR });
    const error: unknown = await tokens.verify(token).catch((refusal: unknown) => refusal);
    expect(String(error)).toMatch(/not valid/);
    expect(String(error)).not.toMatch(new RegExp(`mallory|${token.split('.')[2]}`));
  });
});

const changed = (token: string, part: number, into: object): string =>
  token
    .split('.')
    .map((old, index) => (index === part ? Buffer.from(JSON.stringify(into)).toString('base64url') : old))
    .join('.');

/** Signed rightly, with a header that no library would sign. */
const signedByHand = (header: object): string => {
  const content = forged(header, alice).slice(0, -1);
  return `${content}.${createHmac('sha256', SECRET).update(content).digest('base64url')}`;
};

const signedWithOwnKey = (): Promise<string> => {
  const own = key('a key that the token itself brings along');
  const jwk = { kty: 'oct', k: Buffer.from(own).toString('base64url') };
  return new SignJWT(alice).setProtectedHeader({ alg: 'HS256', jwk }).sign(own);
};

describe('where an issuer and an audience are configured', () => {
  const strict = tokensWith({ issuer: 'https://id.example', audience: 'calls' });
  const from = async (claims: JWTPayload) =>
    refusalOf(strict.verify(await signed(SECRET, { ...alice, ...claims })));
  const ours = { iss: 'https://id.example', aud: 'calls' };

  it('their tokens count, also when they are for others too', async () => {
    expect(await from(ours)).toBe('accepted');
    expect(await from({ ...ours, aud: ['mail', 'calls'] })).toBe('accepted');
  });

  it.each<[string, JWTPayload]>([
    ['another issuer', { ...ours, iss: 'https://evil.example' }],
    ['an issuer that only begins alike', { ...ours, iss: 'https://id.example.evil' }],
    ['no issuer', { aud: ours.aud }],
    ['another audience', { ...ours, aud: 'mail' }],
    ['an empty audience', { ...ours, aud: [] }],
    ['no audience', { iss: ours.iss }],
  ])('tokens with %s do not', async (_, claims) => expect(await from(claims)).toBe('UNAUTHENTICATED'));
});

describe('a development token', () => {
  it('is a good token for a day', async () => {
    const { token, expiresAt } = await tokens.issueForDevelopment('alice', 'Alice');
    expect(expiresAt).toBe(NOW + 86_400_000);
    expect(await tokens.verify(token)).toEqual({
      ...{ userId: 'alice', name: 'Alice', expiresAt, scopes: [] },
    });
    expect(await tokens.verify((await tokens.issueForDevelopment('bob', null)).token)).toMatchObject({
      name: null,
    });
  });

  it('says what is configured, or it would not be believed', async () => {
    const strict = tokensWith({ issuer: 'https://id.example', audience: 'calls' });
    const { token } = await strict.issueForDevelopment('alice', null);
    expect(await refusalOf(strict.verify(token))).toBe('accepted');
  });

  it("is signed with the gateway's own secret where the app has none", async () => {
    const secretless = tokensWith({ secret: null });
    const { token } = await secretless.issueForDevelopment('alice', null);
    expect(await refusalOf(secretless.verify(token))).toBe('accepted');
    expect(await refusalOf(tokens.verify(token))).toBe('UNAUTHENTICATED');
  });
});
