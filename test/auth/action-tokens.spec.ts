import { decodeJwt, decodeProtectedHeader } from 'jose';
import { ACTION_TOKEN_TYPE, ActionTokens } from '../../src/auth/action-tokens.js';
import { UserTokens } from '../../src/auth/user-tokens.js';
import { IN_AN_HOUR, NOW, clock, forged, refusalOf, signed } from './tokens.js';

const ACTIONS = 'what the gateways of this database share for actions';
const USERS = 'what the app and its gateways share for its users';
const actions = new ActionTokens(ACTIONS, clock);
const users = new UserTokens(
  { secret: USERS, jwksUrl: null, issuer: null, audience: null },
  clock,
  'fallback',
);

const grant = { callId: '01935a00-0000-7000-8000-000000000001', userId: 'bob', deviceId: 'pixel' };
const claims = { sub: 'bob', exp: IN_AN_HOUR, cid: grant.callId, did: grant.deviceId };
const header = { alg: 'HS256', typ: ACTION_TOKEN_TYPE };
const issued = (expiresAt = NOW + 75_000) => actions.issue(grant, expiresAt);

describe('an action token', () => {
  it('says for which call, user and device it is good, and nothing else', async () => {
    expect(await actions.verify(await issued())).toEqual(grant);
    expect(decodeJwt(await issued())).toEqual({ ...claims, exp: (NOW + 75_000) / 1_000 });
    expect(decodeProtectedHeader(await issued())).toEqual(header);
  });

  it('is good to its last moment, and then has expired', async () => {
    expect(await refusalOf(actions.verify(await issued(NOW + 1)))).toBe('accepted');
    expect(await refusalOf(actions.verify(await issued(NOW)))).toBe('TOKEN_EXPIRED');
    expect(await refusalOf(actions.verify(await issued(NOW - 60_000)))).toBe('TOKEN_EXPIRED');
  });

  it('is small enough for a push', async () => expect((await issued()).length).toBeLessThan(400));

  it('is the same for every gateway of the database, and for no other', async () => {
    expect(await new ActionTokens(ACTIONS, clock).verify(await issued())).toEqual(grant);
    expect(await refusalOf(new ActionTokens('another database', clock).verify(await issued()))).toBe(
      'UNAUTHENTICATED',
    );
  });

  it.each(['sub', 'exp', 'cid', 'did'])('does not count without %s', async (claim) =>
    expect(
      await refusalOf(actions.verify(await signed(ACTIONS, { ...claims, [claim]: undefined }, header))),
    ).toBe('UNAUTHENTICATED'),
  );

  it.each<[string, () => Promise<string> | string]>([
    ['that is nonsense', () => 'nonsense'],
    ['that is empty', () => ''],
    ['with alg none', () => forged({ ...header, alg: 'none' }, claims)],
    ['signed with another secret', () => signed('another secret', claims, header)],
    ['signed with HS512', () => signed(ACTIONS, claims, { ...header, alg: 'HS512' })],
    ['of another type', () => signed(ACTIONS, claims, { alg: 'HS256', typ: 'JWT' })],
    ['of no type', () => signed(ACTIONS, claims, { alg: 'HS256' })],
    [
      'changed for another call',
      async () => (await issued()).replace(/\..*\./, forged({}, { ...claims, cid: 'x' }).slice(3)),
    ],
  ])('does not count %s', async (_, token) =>
    expect(await refusalOf(actions.verify(await token()))).toBe('UNAUTHENTICATED'),
  );
});

describe("a user's token and an action token", () => {
  it('are never one another', async () => {
    expect(await refusalOf(users.verify(await issued()))).toBe('UNAUTHENTICATED');
    expect(await refusalOf(actions.verify(await signed(USERS)))).toBe('UNAUTHENTICATED');
    const { token } = await users.issueForDevelopment('bob', null);
    expect(await refusalOf(actions.verify(token))).toBe('UNAUTHENTICATED');
  });

  it("are never one another, even where the app's backend calls its token an action, with all its claims", async () =>
    expect(await refusalOf(actions.verify(await signed(USERS, claims, header)))).toBe('UNAUTHENTICATED'));

  it('are never one another, even where somebody made both secrets the same', async () => {
    const same = new UserTokens(
      { secret: ACTIONS, jwksUrl: null, issuer: null, audience: null },
      clock,
      'fallback',
    );
    expect(await refusalOf(same.verify(await issued()))).toBe('UNAUTHENTICATED');
    expect(await refusalOf(actions.verify(await signed(ACTIONS)))).toBe('UNAUTHENTICATED');
  });
});
