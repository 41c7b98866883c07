import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type JWK, SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { KeyTiming } from '../../src/auth/provider-keys.js';
import { UserTokens } from '../../src/auth/user-tokens.js';
import { IN_AN_HOUR, clock, refusalOf } from './tokens.js';
import { until } from '../support/until.js';

const A_DAY_MS = 86_400_000;
const OFTEN: KeyTiming = { refreshMs: 20, cooldownMs: 1 };
const NEVER: KeyTiming = { refreshMs: A_DAY_MS, cooldownMs: 60_000 };

const [first, second] = await Promise.all(
  ['first', 'second'].map(async (kid) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    return { kid, privateKey, published: { ...(await exportJWK(publicKey)), kid } };
  }),
);
const keys = (...published: JWK[]) => ({ status: 200, body: JSON.stringify({ keys: published }) });
const BUSY = { status: 503, body: 'busy' };

let provider: Server;
let answer: { status: number; body: string };
let asked: number;
let warned: string[];
let users: UserTokens;

beforeEach(async () => {
  [answer, asked, warned] = [keys(first!.published), 0, []];
  provider = createServer((_, response) => {
    asked++;
    response.writeHead(answer.status).end(answer.body);
  }).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const note = (message: unknown): void => void warned.push(String(message));
  Logger.overrideLogger({ log: note, error: note, warn: note });
});

afterEach(() => {
  jest.restoreAllMocks();
  users.onModuleDestroy();
  Logger.overrideLogger(false);
  provider.closeAllConnections();
  provider.close();
});

/** A gateway that has asked for the keys once. */
async function start(timing: KeyTiming): Promise<void> {
  const jwksUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/keys`;
  users = new UserTokens({ secret: null, jwksUrl, issuer: null, audience: null }, clock, 'fallback', timing);
  expect(await verdict()).toBe('accepted');
}
async function verdict({ kid = 'first', privateKey = first!.privateKey } = {}): Promise<string> {
  const token = new SignJWT({ sub: 'alice', exp: IN_AN_HOUR });
  return refusalOf(users.verify(await token.setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)));
}
const askedAgain = (times: number): Promise<void> => {
  const enough = asked + times;
  return until(() => asked >= enough);
};
/** For whatever looks at the time of day, a day goes by. */
const aDayLater = (): void => void jest.spyOn(Date, 'now').mockReturnValue(Date.now() + A_DAY_MS);

describe('while the identity provider is away', () => {
  it.each<[string, () => unknown]>([
    ['answers with errors', () => (answer = BUSY)],
    ['publishes nonsense', () => (answer = { status: 200, body: '{}' })],
    ['cannot be reached', () => (provider.close(), provider.closeAllConnections())],
  ])('because it %s, the keys it has published count, however old they are', async (_, goAway) => {
    await start(OFTEN);
    goAway();
    await until(() => warned.length > 0);
    aDayLater();
    expect(await verdict()).toBe('accepted');
  });

  it('the log says so once, and once more when it is away again', async () => {
    await start(OFTEN);
    for (const times of [1, 2]) {
      answer = BUSY;
      await askedAgain(5);
      expect(warned).toHaveLength(times);
      answer = keys(first!.published);
      await askedAgain(3);
    }
  });

  it('it is asked for unknown keys once per cooldown, and whoever holds one may try again', async () => {
    await start(NEVER);
    answer = BUSY;
    aDayLater();
    for (let nr = 0; nr < 20; nr++) expect(await verdict({ kid: `made up ${nr}` })).toBe('UNAVAILABLE');
    expect(asked).toBe(2);
    expect(await verdict()).toBe('accepted');
  });
});

describe('an identity provider that is there', () => {
  it('is asked again and again, so that a withdrawn key counts no more and a new one does', async () => {
    await start({ ...OFTEN, cooldownMs: A_DAY_MS });
    expect(await verdict(second)).toBe('UNAUTHENTICATED');
    answer = keys(second!.published);
    await until(async () => (await verdict()) === 'UNAUTHENTICATED');
    expect(await verdict(second)).toBe('accepted');
  });

  it('is asked at once for a key nobody knows, when it has not been asked for a while', async () => {
    await start(NEVER);
    answer = keys(first!.published, second!.published);
    expect(await verdict(second)).toBe('UNAUTHENTICATED');
    aDayLater();
    expect(await verdict(second)).toBe('accepted');
    expect(asked).toBe(2);
  });

  it('is not asked any more by a gateway that has stopped', async () => {
    await start(OFTEN);
    await askedAgain(1);
    users.onModuleDestroy();
    await verdict();
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 10 * OFTEN.refreshMs));
    expect(asked).toBeLessThanOrEqual(before + 1); // the one on its way
  });
});
