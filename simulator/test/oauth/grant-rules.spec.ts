import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { ServiceAccount } from '../../src/core/credentials.js';
import { checkGrant, type Grant, type TokenRefusal } from '../../src/oauth/grant-rules.js';
import type { IncomingRequest } from '../../src/transport/exchange.js';

const now = Date.UTC(2026, 10, 22);
const seconds = now / 1000;
const audience = 'https://127.0.0.1:1234/token';
const scope = 'https://www.googleapis.com/auth/firebase.messaging';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const account: ServiceAccount = { projectId: 'demo', clientEmail: 'push@demo', publicKey, disabled: false };

const claims = { iss: account.clientEmail, scope, aud: audience, iat: seconds, exp: seconds + 3600 };
const sign = (change: object = {}, key: KeyObject = privateKey, alg = 'RS256'): Promise<string> =>
  new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg }).sign(key);

interface Change {
  method?: string;
  path?: string;
  contentType?: string;
  body?: string;
  form?: Record<string, string | undefined>;
}

function ask(assertion: string, change: Change = {}, known = account): Grant | TokenRefusal {
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion, ...change.form };
  const text =
    change.body ??
    new URLSearchParams(
      Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ).toString();
  const request: IncomingRequest = {
    method: change.method ?? 'POST',
    path: change.path ?? '/token',
    headers: [['content-type', change.contentType ?? 'application/x-www-form-urlencoded;charset=utf-8']],
    body: Buffer.from(text),
    bodyBytes: text.length,
  };
  const accounts = new Map([[known.clientEmail, known]]);
  return checkGrant(request, { now, accounts, audiences: [audience, 'https://oauth2.googleapis.com/token'] });
}

const tooLong = expect.stringContaining('Token must be a short-lived token (60 minutes)') as string;

describe("Google's token endpoint", () => {
  it('grants an access token for a faultless assertion', async () =>
    expect(ask(await sign())).toEqual({ account, scopes: [scope] }));
  it("takes the audience of Google's own endpoint too", async () =>
    expect(ask(await sign({ aud: 'https://oauth2.googleapis.com/token' }))).toHaveProperty('account'));

  it.each<[string, Change, string]>([
    ['another path', { path: '/oauth' }, 'not_found'],
    ['GET', { method: 'GET' }, 'not_found'],
    ['a JSON body', { contentType: 'application/json', body: '{}' }, 'invalid_request'],
    ['no grant type', { form: { grant_type: undefined } }, 'invalid_request'],
    ['another grant type', { form: { grant_type: 'client_credentials' } }, 'unsupported_grant_type'],
    ['no assertion', { form: { assertion: undefined } }, 'invalid_request'],
    ['an assertion that is no JWT', { form: { assertion: 'abc' } }, 'invalid_grant'],
  ])('refuses %s', async (_what, change, error) =>
    expect(ask(await sign(), change)).toMatchObject({ error }),
  );

  it.each<[string, () => Promise<string>, object]>([
    [
      'an unknown account',
      () => sign({ iss: 'nobody@demo' }),
      { error: 'invalid_grant', error_description: 'Invalid grant: account not found' },
    ],
    [
      "another key's signature",
      () => sign({}, stranger),
      { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
    ],
    [
      'another algorithm',
      () => sign({}, privateKey, 'RS512'),
      { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
    ],
    [
      'another audience',
      () => sign({ aud: 'https://example.com/token' }),
      { error: 'invalid_grant', error_description: expect.stringContaining('audience') as string },
    ],
    [
      'an assertion for more than an hour',
      () => sign({ exp: seconds + 3601 }),
      { error: 'invalid_grant', error_description: tooLong },
    ],
    [
      'an expired assertion',
      () => sign({ iat: seconds - 3600, exp: seconds }),
      { error: 'invalid_grant', error_description: tooLong },
    ],
    [
      'an assertion from the future',
      () => sign({ iat: seconds + 301, exp: seconds + 600 }),
      { error: 'invalid_grant', error_description: tooLong },
    ],
    [
      'times in milliseconds',
      () => sign({ iat: now, exp: now + 3600 }),
      { error: 'invalid_grant', error_description: tooLong },
    ],
    [
      'a signature that is none',
      async () => (await sign()).replace(/[^.]+$/, '!'),
      { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
    ],
    [
      'an assertion without times',
      () => sign({ iat: undefined, exp: undefined }),
      { error: 'invalid_grant', error_description: tooLong },
    ],
    [
      'a time as text',
      () => sign({ iat: String(seconds) }),
      { error: 'invalid_grant', error_description: tooLong },
    ],
    ['an assertion of four parts', async () => `${await sign()}.x`, { error: 'invalid_grant' }],
    [
      'claims that are no JSON',
      async () => (await sign()).replace(/\..*\./, '.abc.'),
      { error: 'invalid_grant' },
    ],
    ['no scope', () => sign({ scope: undefined }), { error: 'invalid_scope' }],
    ['a scope that is none', () => sign({ scope: 'everything' }), { error: 'invalid_scope' }],
  ])('refuses %s', async (_what, assertion, expected) =>
    expect(ask(await assertion())).toMatchObject({ status: 400, ...expected }),
  );

  it('refuses an account that was disabled', async () =>
    expect(ask(await sign(), {}, { ...account, disabled: true })).toMatchObject({ error: 'invalid_grant' }));

  it('names the first fault only: account, signature, audience, times, scope', async () => {
    const all = { iss: 'nobody', aud: 'x', exp: seconds - 1, scope: 'x' };
    const heard = [
      ask(await sign(all, stranger)),
      ask(await sign({ ...all, iss: claims.iss }, stranger)),
      ask(await sign({ ...all, iss: claims.iss })),
      ask(await sign({ ...all, iss: claims.iss, aud: audience })),
      ask(await sign({ scope: 'x' })),
    ].map((answer) => ('error' in answer ? (answer.error_description ?? '').slice(0, 24) : 'granted'));
    expect(heard).toEqual([
      'Invalid grant: account n',
      'Invalid JWT Signature.',
      'Invalid JWT: Failed audi',
      'Invalid JWT: Token must ',
      'Invalid OAuth scope or I',
    ]);
  });
});
