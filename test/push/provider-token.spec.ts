import { decodeProtectedHeader, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import { ProviderToken } from '../../src/push/provider-token.js';

const minute = 60_000;
const start = Date.parse('2026-11-22T12:00:00.900Z');
const keys = await generateKeyPair('ES256', { extractable: true });
const key = await exportPKCS8(keys.privateKey);

function tokenAt(time: number, options: { key?: string; renewAfterMinutes?: number } = {}) {
  const clock = { time, now: () => clock.time };
  const token = new ProviderToken({ teamId: 'TEAM123456', keyId: 'KEY1234567', key, clock, ...options });
  return { clock, token };
}

/** A clock that passed is a token that was signed anew: two signatures of the same second differ. */
async function current(token: ProviderToken): Promise<string> {
  const jwt = await token.current();
  if (jwt === null) throw new Error('the key did not sign');
  return jwt;
}

describe('a provider token', () => {
  it('says who pushes, and since when, in whole seconds, signed with the key', async () => {
    const jwt = await current(tokenAt(start).token);
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'ES256', kid: 'KEY1234567' });
    const { payload } = await jwtVerify(jwt, keys.publicKey);
    expect(payload).toEqual({ iss: 'TEAM123456', iat: Math.floor(start / 1000) });
  });

  it('is the same string for everybody who asks at once', async () => {
    const { token } = tokenAt(start);
    const jwts = await Promise.all(Array.from({ length: 20 }, () => current(token)));
    expect(new Set(jwts).size).toBe(1);
  });

  it('is kept for 50 minutes and no longer', async () => {
    const { token, clock } = tokenAt(start);
    const first = await current(token);
    clock.time = start + 50 * minute - 1;
    expect(await current(token)).toBe(first);
    clock.time = start + 50 * minute;
    const second = await current(token);
    expect(second).not.toBe(first);
    expect(await current(token)).toBe(second);
  });

  it('is signed again when the clock was set back under it', async () => {
    const { token, clock } = tokenAt(start);
    const future = await current(token);
    clock.time = start - 365 * 24 * 60 * minute;
    const jwt = await current(token);
    expect(jwt).not.toBe(future);
    const { payload } = await jwtVerify(jwt, keys.publicKey);
    expect(payload.iat).toBe(Math.floor(clock.time / 1000));
  });

  it('cannot live shorter or longer than Apple wants', () => {
    expect(() => tokenAt(start, { renewAfterMinutes: 19 })).toThrow(RangeError);
    expect(() => tokenAt(start, { renewAfterMinutes: 61 })).toThrow(RangeError);
    expect(() => tokenAt(start, { renewAfterMinutes: 20 })).not.toThrow();
  });

  it('does not come from a key of another kind', async () => {
    const rsa = await generateKeyPair('RS256', { extractable: true });
    expect(await tokenAt(start, { key: await exportPKCS8(rsa.privateKey) }).token.current()).toBeNull();
    expect(await tokenAt(start, { key: 'no PEM at all' }).token.current()).toBeNull();
  });
});

describe('a provider token that APNs calls expired', () => {
  it('is replaced once for all whose push failed with it', async () => {
    const { token } = tokenAt(start);
    const failed = await current(token);
    const renewed = await Promise.all(Array.from({ length: 20 }, () => token.renew(failed)));
    expect(new Set(renewed).size).toBe(1);
    expect(renewed[0]).not.toBe(failed);
    expect(await token.renew(failed)).toBe(renewed[0]);
    expect(await current(token)).toBe(renewed[0]);
  });

  it('is not replaced for each push while no replacement is accepted: then it is our clock that is wrong', async () => {
    const { token, clock } = tokenAt(start);
    const second = await token.renew(await current(token));
    if (second === null) throw new Error('the first renewal is allowed');
    clock.time += 4_999;
    expect(await token.renew(second)).toBeNull();
    expect(await current(token)).toBe(second);
    clock.time += 1;
    expect(await token.renew(second)).not.toBeNull();
  });

  it('is replaced at once when the last replacement was accepted', async () => {
    const { token } = tokenAt(start);
    const second = (await token.renew(await current(token)))!;
    token.accepted(second);
    expect(await token.renew(second)).not.toBeNull();
  });
});
