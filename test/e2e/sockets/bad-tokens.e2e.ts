import { randomBytes } from 'node:crypto';
import { BUNDLE, type PushingGateway, pushingGateway } from '../../support/pushing.js';
import type { Phone } from '../../support/phone.js';

describe('a push token that the provider refuses as bad', () => {
  let gateway: PushingGateway;
  let alice: Phone;
  beforeEach(async () => {
    gateway = await pushingGateway();
    alice = await gateway.phone('alice');
  });
  afterEach(() => gateway.stop());

  const tokensOf = async (userId: string): Promise<(string | null)[]> =>
    (await gateway.http('/v1/devices', { as: userId })).body.items.map(
      ({ pushToken }: { pushToken: string | null }) => pushToken,
    );
  const push = async () => (await gateway.http('/health/ready')).body.parts.push;
  /** A call that nobody can be woken for. */
  const failedCall = async (userId: string): Promise<string> => {
    const callId = await alice.calls(userId);
    await alice.hears('call:failed', ({ call }) => call.callId === callId);
    return callId;
  };
  /** A call whose push is accepted. */
  const acceptedCall = async (userId: string): Promise<void> => {
    const callId = await alice.calls(userId);
    await alice.hears('call:progress', (told) => told.callId === callId && told.step === 'push-accepted');
    await alice.say('call:cancel', { callId });
  };
  /** Installs of an account that has made their tokens up. */
  const madeUp = async (userId: string, count: number): Promise<string[]> => {
    const tokens = Array.from({ length: count }, () => randomBytes(32).toString('hex'));
    for (const [nr, voipToken] of tokens.entries()) {
      const body = { platform: 'ios', voipToken, apnsEnvironment: 'sandbox', bundleId: BUNDLE };
      await gateway.http(`/v1/devices/install-${nr}`, { as: userId, method: 'PUT', body });
    }
    return tokens;
  };
  const asked = (tokens: string[]): number =>
    gateway.simulator.log.filter(({ token }) => token !== null && tokens.includes(token)).length;

  it('and was made up by one account is retired with all of its kind, and troubles nobody else', async () => {
    const tokens = await madeUp('mallory', 20);
    await failedCall('mallory');
    await failedCall('mallory');
    expect(await tokensOf('mallory')).toEqual(Array<null>(20).fill(null));
    expect(asked(tokens)).toBe(40);
    expect(await push()).toEqual({ status: 'ok' });
    const bob = await gateway.iphone('bob');
    await acceptedCall('bob');
    gateway.simulator.forget(bob.token);
    await failedCall('bob');
    expect(await tokensOf('bob')).toEqual([null]);
  });

  it('like those of most users, who had good ones: a few are retired, the rest is kept, and readiness says so', async () => {
    const users = Array.from({ length: 10 }, (_, nr) => `bob${nr}`);
    for (const user of users) {
      const phone = await gateway.iphone(user);
      await acceptedCall(user);
      gateway.simulator.forget(phone.token);
    }
    for (const user of users) await failedCall(user);
    const kept = (await Promise.all(users.map(tokensOf))).flat().filter((token) => token !== null);
    expect(kept.length).toBeGreaterThanOrEqual(4);
    expect(await push()).toMatchObject({ status: 'degraded', troubles: [{ problem: 'bad-tokens' }] });
  });

  it('and kept is not sent again for every call of the next minute', async () => {
    const users = Array.from({ length: 8 }, (_, nr) => `bob${nr}`);
    for (const user of users) {
      const phone = await gateway.iphone(user);
      await acceptedCall(user);
      gateway.simulator.forget(phone.token);
    }
    for (const user of users) await failedCall(user);
    const [kept] = await tokensOf('bob7');
    expect(kept).not.toBeNull();
    const before = gateway.simulator.log.length;
    const callId = await failedCall('bob7');
    expect(gateway.simulator.log).toHaveLength(before);
    expect((await gateway.http(`/v1/calls/${callId}/explain`, { as: 'alice' })).body).toMatchObject({
      code: 'token_kept',
    });
    expect(await tokensOf('bob7')).toEqual([kept]);
  });

  it('and was made up is retired also while those of most users are refused', async () => {
    const users = Array.from({ length: 8 }, (_, nr) => `bob${nr}`);
    for (const user of users) {
      const phone = await gateway.iphone(user);
      await acceptedCall(user);
      gateway.simulator.forget(phone.token);
    }
    for (const user of users) await failedCall(user);
    expect(await push()).toMatchObject({ status: 'degraded' });
    await madeUp('mallory', 5);
    await failedCall('mallory');
    expect(await tokensOf('mallory')).toEqual(Array<null>(5).fill(null));
  });

  it('by a service account of the wrong Firebase project costs a few users theirs, and the rest is kept', async () => {
    const users = Array.from({ length: 10 }, (_, nr) => `bob${nr}`);
    for (const user of users) {
      await gateway.android(user);
      await acceptedCall(user);
    }
    const fault = { kind: 'answer', status: 403, reason: 'SENDER_ID_MISMATCH' } as const;
    gateway.simulator.inject({ service: 'fcm', fault });
    for (const user of users) await failedCall(user);
    const kept = (await Promise.all(users.map(tokensOf))).flat();
    expect(kept.slice(0, 5)).toEqual(Array<null>(5).fill(null));
    expect(kept.slice(6)).not.toContain(null);
    expect(await push()).toMatchObject({ troubles: [{ app: 'fcm', problem: 'bad-tokens' }] });
  });
});
