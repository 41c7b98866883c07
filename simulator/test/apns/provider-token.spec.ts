import {
  createPrivateKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  sign as cryptoSign,
} from 'node:crypto';
import { SignJWT } from 'jose';
import {
  checkProviderToken,
  newSenderMemory,
  type Refusal,
  remember,
  type TokenContext,
} from '../../src/apns/provider-token.js';
import type { ApnsKey } from '../../src/core/credentials.js';
import { strictPolicy } from '../../src/core/policy.js';

const now = Date.UTC(2026, 10, 22);
const minutes = (count: number): number => now + count * 60_000;

interface Team {
  key: ApnsKey;
  privateKey: KeyObject;
}

function team(keyId: string, more: Partial<ApnsKey> = {}): Team {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key: ApnsKey = {
    teamId: 'TEAM000001',
    keyId,
    publicKey,
    environments: ['sandbox', 'production'],
    topics: '*',
    family: keyId,
    revoked: false,
    ...more,
  };
  return { key, privateKey };
}

const ours = team('KEY0000001');

function sign(by: Team = ours, claims: object = {}, header: object = {}): Promise<string> {
  return new SignJWT({ iss: by.key.teamId, iat: now / 1000, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: by.key.keyId, ...header })
    .sign(by.privateKey);
}

function context(more: Partial<TokenContext> = {}, ...teams: Team[]): TokenContext {
  const keys = new Map([ours, ...teams].map(({ key }) => [key.keyId, key]));
  return {
    now,
    environment: 'sandbox',
    memory: newSenderMemory(),
    keys,
    policy: strictPolicy().apns,
    ...more,
  };
}

/** Shows a token to a connection, which remembers it if it was good. */
function show(token: string, to: TokenContext): string {
  const result = checkProviderToken(`bearer ${token}`, to);
  if ('reason' in result) return `${result.status} ${result.reason}`;
  remember(to.memory, result, to.now);
  return result.signature;
}

describe('a provider token', () => {
  it('is taken when everything is right', async () => expect(show(await sign(), context())).toBe('jose'));

  it('is taken with a DER signature too, and that is noted', async () => {
    const [head = '', body = ''] = (await sign()).split('.');
    const der = createSign('sha256')
      .update(`${head}.${body}`)
      .sign(createPrivateKey(ours.privateKey.export({ type: 'pkcs8', format: 'pem' })));
    expect(show(`${head}.${body}.${der.toString('base64url')}`, context())).toBe('der');
  });

  it.each([
    ['nothing', undefined],
    ['another scheme', 'Basic abc'],
    ['a capital Bearer', 'Bearer a.b.c'],
    ['no token after bearer', 'bearer '],
  ])('is missing when the header is %s', (_what, authorization) =>
    expect(checkProviderToken(authorization, context())).toEqual({
      status: 403,
      reason: 'MissingProviderToken',
    }),
  );

  it('may follow a capital Bearer where the policy says so', async () => {
    const lenient = context();
    lenient.policy.bearerCase = 'accept';
    expect(checkProviderToken(`Bearer ${await sign()}`, lenient)).not.toHaveProperty('reason');
  });

  it.each<[string, () => Promise<string>]>([
    ['two parts', () => Promise.resolve('a.b')],
    ['four parts', async () => `${await sign()}.x`],
    ['a header that is no JSON', async () => `abc${(await sign()).slice((await sign()).indexOf('.'))}`],
    [
      'another algorithm in its header',
      async () => (await sign()).replace(/^[^.]+/, base64({ alg: 'HS256', kid: 'KEY0000001' })),
    ],
    [
      'another algorithm, though the signature is a good ES256 one',
      () => Promise.resolve(handMade({ alg: 'HS256', kid: ours.key.keyId })),
    ],
    ['an unknown key id', () => sign(ours, {}, { kid: 'KEY9999999' })],
    ['no key id', () => sign(ours, {}, { kid: undefined })],
    ['another team', () => sign(ours, { iss: 'TEAM000002' })],
    ['a time in milliseconds', () => sign(ours, { iat: now })],
    ['a time with a fraction', () => sign(ours, { iat: now / 1000 + 0.5 })],
    ['a time as text', () => sign(ours, { iat: String(now / 1000) })],
    ['no time', () => sign(ours, { iat: undefined })],
    ['a time more than an hour ahead', () => sign(ours, { iat: now / 1000 + 3601 })],
    ["another key's signature", () => sign({ ...team('X'), key: ours.key })],
    ['a signature that was touched', async () => (await sign()).replace(/.{4}$/, 'AAAA')],
  ])('is invalid with %s', async (_what, token) =>
    expect(show(await token(), context())).toBe('403 InvalidProviderToken'),
  );

  it('may be issued an hour ahead, by a clock that is fast', async () =>
    expect(show(await sign(ours, { iat: now / 1000 + 3600 }), context())).toBe('jose'));

  it('is invalid once its key is revoked', async () => {
    const revoked = team('KEY0000009', { revoked: true });
    expect(show(await sign(revoked), context({}, revoked))).toBe('403 InvalidProviderToken');
  });

  it('is good for an hour and not a second longer', async () => {
    const token = await sign();
    expect(show(token, context({ now: minutes(60) }))).toBe('jose');
    expect(show(token, context({ now: minutes(60) + 1000 }))).toBe('403 ExpiredProviderToken');
  });

  it('is refused where its key is for the other environment, in the words APNs really uses', async () => {
    const production = team('KEY0000002', { environments: ['production'] });
    expect(show(await sign(production), context({}, production))).toBe('403 BadEnvironmentKeyInToken');
    const documented = context({}, production);
    documented.policy.badEnvironmentReason = 'BadEnvironmentKeyIdInToken';
    expect(show(await sign(production), documented)).toBe('403 BadEnvironmentKeyIdInToken');
  });
});

describe('a connection', () => {
  it('belongs to the first team it has seen', async () => {
    const stranger = team('KEY0000003', { teamId: 'TEAM000002' });
    const connection = context({}, stranger);
    expect(show(await sign(), connection)).toBe('jose');
    expect(show(await sign(stranger), connection)).toBe('403 InvalidProviderToken');
  });

  it('does not take an unrelated key of the same team', async () => {
    const rotated = team('KEY0000004');
    const connection = context({}, rotated);
    show(await sign(), connection);
    expect(show(await sign(rotated), connection)).toBe('403 UnrelatedKeyIdInToken');
  });

  it('takes a related key, when it is time for a new token', async () => {
    const related = team('KEY0000005', { family: ours.key.keyId });
    const connection = context({}, related);
    show(await sign(), connection);
    connection.now = minutes(20);
    expect(show(await sign(related), connection)).toBe('jose');
  });

  it('takes the same token again and again, and a new one after 20 minutes only', async () => {
    const connection = context();
    const first = await sign();
    const second = await sign();
    expect(second).not.toBe(first);
    expect(show(first, connection)).toBe('jose');
    connection.now = minutes(10);
    expect(show(first, connection)).toBe('jose');
    expect(show(second, connection)).toBe('429 TooManyProviderTokenUpdates');
    connection.now = minutes(20);
    expect(show(second, connection)).toBe('jose');
    expect(show(first, connection)).toBe('jose');
  });

  it('says that a token expired before it says that there were too many', async () => {
    const connection = context();
    show(await sign(), connection);
    const old = await sign(ours, { iat: now / 1000 - 3601 });
    expect(show(old, connection)).toBe('403 ExpiredProviderToken');
  });

  it('learns nothing from a token it refused', async () => {
    const connection = context();
    const refusal = checkProviderToken('bearer a.b.c', connection) as Refusal;
    expect(refusal.reason).toBe('InvalidProviderToken');
    expect(connection.memory).toEqual(newSenderMemory());
  });
});

/** Signed rightly with ES256, whatever the header says. */
function handMade(header: object): string {
  const signed = `${base64(header)}.${base64({ iss: ours.key.teamId, iat: now / 1000 })}`;
  const signature = cryptoSign('sha256', Buffer.from(signed), {
    key: ours.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${signed}.${signature.toString('base64url')}`;
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
