import { type PushingGateway, pushingGateway } from '../../support/pushing.js';

describe('registering an install', () => {
  let gateway: PushingGateway;
  beforeAll(async () => {
    gateway = await pushingGateway();
  });
  afterAll(() => gateway.stop());

  const ios = {
    platform: 'ios',
    voipToken: 'ab'.repeat(32),
    apnsEnvironment: 'sandbox',
    bundleId: 'com.example.app',
  };
  const put = (deviceId: string, body: unknown, as = 'bob') =>
    gateway.http(`/v1/devices/${deviceId}`, { as, method: 'PUT', body });

  it.each<[string, object, string]>([
    ['hexadecimal only', { ...ios, voipToken: 'xyz0' }, 'voipToken'],
    ['an even length', { ...ios, voipToken: 'abc' }, 'voipToken'],
    ['a token at all', { ...ios, voipToken: undefined }, 'voipToken'],
    ['a sane length', { ...ios, voipToken: 'a'.repeat(5_000) }, 'voipToken'],
    ['a bundle id', { ...ios, bundleId: undefined }, 'bundleId'],
    ['a known environment', { ...ios, apnsEnvironment: 'staging' }, 'apnsEnvironment'],
    ['a known platform', { ...ios, platform: 'windows' }, 'platform'],
    ['a token on Android', { platform: 'android' }, 'fcmToken'],
    ['a sane length on Android', { platform: 'android', fcmToken: 'a'.repeat(5_000) }, 'fcmToken'],
    ['a short name', { platform: 'web', name: 'x'.repeat(201) }, 'name'],
  ])('wants %s, and names the field', async (_what, body, field) => {
    const { status, body: problem } = await put('bad', body);
    expect(status).toBe(422);
    expect(problem).toMatchObject({ code: 'INVALID', details: [{ path: field }] });
  });

  it('shows a user their own installs, with no more than the end of a token', async () => {
    await put(
      'ipad',
      { ...ios, voipToken: 'CD'.repeat(80), name: "Carol's iPad", appVersion: '1.2' },
      'carol',
    );
    const { body } = await gateway.http('/v1/devices', { as: 'carol' });
    expect(body).toEqual({
      items: [
        {
          ...{
            deviceId: 'ipad',
            platform: 'ios',
            name: "Carol's iPad",
            appVersion: '1.2',
            bundleId: 'com.example.app',
          },
          ...{ apnsEnvironment: 'sandbox', pushToken: '…cdcdcd' },
          ...{ registeredAt: expect.any(String), lastSeenAt: expect.any(String) },
        },
      ],
      nextCursor: null,
    });
  });

  it('takes a token away from whoever had it before', async () => {
    const { token } = await gateway.iphone('first', { deviceId: 'shared-phone' });
    await put('shared-phone', { ...ios, voipToken: token }, 'second');
    expect((await gateway.http('/v1/devices', { as: 'first' })).body.items).toMatchObject([
      { pushToken: null },
    ]);
    const presence = await gateway.http('/v1/presence?userIds=first,second', { as: 'anybody' });
    expect(presence.body).toEqual([
      { userId: 'first', reachable: 'unreachable' },
      { userId: 'second', reachable: 'pushable' },
    ]);
  });

  it('of one token by many users at once leaves it with exactly one of them', async () => {
    const users = Array.from({ length: 8 }, (_, nr) => `racer${nr}`);
    const answers = await Promise.all(
      users.map((user) => put('phone', { ...ios, voipToken: 'ef'.repeat(32) }, user)),
    );
    expect(answers.map(({ status }) => status)).toEqual(users.map(() => 200));
    const presence = await gateway.http(`/v1/presence?userIds=${users.join(',')}`, { as: 'anybody' });
    const owners = (presence.body as unknown as { reachable: string }[]).filter(
      ({ reachable }) => reachable === 'pushable',
    );
    expect(owners).toHaveLength(1);
  });

  it('of two tokens that two users swap at once gives each of them the other one', async () => {
    const tokens = ['ab01', 'cd02'].map((text) => text.repeat(16));
    const register = (user: string, voipToken: string) => put('phone', { ...ios, voipToken }, user);
    for (let round = 0; round < 10; round++) {
      const [mine, yours] = round % 2 ? tokens : [...tokens].reverse();
      const answers = await Promise.all([register('left', mine!), register('right', yours!)]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      for (const [user, token] of [
        ['left', mine!],
        ['right', yours!],
      ] as const) {
        const { body } = await gateway.http('/v1/devices', { as: user });
        expect(body.items).toMatchObject([{ pushToken: `…${token.slice(-6)}` }]);
      }
    }
  });

  it('signed out is not pushed any more', async () => {
    const alice = await gateway.phone('alice');
    const { deviceId } = await gateway.iphone('dave');
    expect((await gateway.http(`/v1/devices/${deviceId}`, { as: 'dave', method: 'DELETE' })).status).toBe(
      204,
    );
    expect((await gateway.http(`/v1/devices/${deviceId}`, { as: 'dave', method: 'DELETE' })).status).toBe(
      204,
    );
    const callId = await alice.calls('dave');
    expect(await alice.hears('call:failed', ({ call }) => call.callId === callId)).toMatchObject({
      call: { endReason: 'unreachable' },
    });
  });

  it('is online with a socket, pushable without, and unreachable when it is neither', async () => {
    await gateway.iphone('erin', { deviceId: 'erin-phone' });
    const reachable = async () =>
      (await gateway.http('/v1/presence?userIds=erin', { as: 'anybody' })).body[0].reachable as string;
    expect(await reachable()).toBe('pushable');
    const erin = await gateway.phone('erin');
    expect(await reachable()).toBe('online');
    erin.disconnect();
    expect(await gateway.eventually(reachable, (state) => state === 'pushable')).toBe('pushable');
  });

  it('is not online because a call has woken its app', async () => {
    await gateway.iphone('frank', { deviceId: 'frank-phone' });
    const reachable = async () =>
      (await gateway.http('/v1/presence?userIds=frank', { as: 'anybody' })).body[0].reachable as string;
    const frank = await gateway.phone('frank', { appState: 'background' });
    expect(await reachable()).toBe('pushable');
    await frank.say('device:state', { state: 'foreground' });
    expect(await reachable()).toBe('online');
    const browser = await gateway.phone('frank', { deviceId: 'browser', appState: 'background' });
    await frank.say('device:state', { state: 'background' });
    expect(await reachable()).toBe('online'); // a browser that no push would reach
    browser.disconnect();
    expect(await gateway.eventually(reachable, (state) => state === 'pushable')).toBe('pushable');
  });
});
