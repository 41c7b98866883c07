import { RingwayError } from '../src/index.js';
import { type TestGateway, eventually, testGateway } from '../../test/support/gateway.js';
import { type Apps, SECRET, apps, tokenFor } from './apps.js';
import { happens } from './happens.js';

describe('the session of an app', () => {
  let gateway: TestGateway;
  let running: Apps;
  beforeAll(async () => {
    gateway = await testGateway({ DEMO: '0', AUTH_SECRET: SECRET });
    running = apps({ url: gateway.url, token: (userId) => tokenFor(userId) });
  });
  afterEach(() => running.close());
  afterAll(() => gateway.stop());

  it('outlives its first token on the same connection', async () => {
    let fetched = 0;
    const token = () => tokenFor('alice', ++fetched === 1 ? 4 : 600);
    const alice = await running.online('alice', { token });
    const expires = Date.now() + 4_500;
    const statuses: string[] = [];
    alice.on('status', (status) => statuses.push(status));
    await eventually(
      async () => Date.now(),
      (now) => now > expires,
    );
    await alice.call({ callee: 'nobody', media: 'voice' }).sent;
    expect({ statuses, fetched }).toEqual({ statuses: [], fetched: 2 });
  });

  it('goes on with a new token when the old one has ended', async () => {
    let fetched = 0;
    const token = () => tokenFor('alice', ++fetched === 1 ? -60 : 600);
    await running.online('alice', { token });
    expect(fetched).toBe(2);
  });

  it('is refused for good with a fixed token that is no good', async () => {
    const alice = running.app('alice', { token: await tokenFor('alice', -60) });
    const refused = happens(alice, 'status', (status) => status === 'refused');
    alice.connect();
    await refused;
    expect(alice.error).toMatchObject({ code: 'TOKEN_EXPIRED', retryable: false });
    await expect(alice.call({ callee: 'bob', media: 'voice' }).sent).rejects.toThrow(RingwayError);
  });

  it('is refused for good, and says so once, when no fresh token is any good', async () => {
    let fetched = 0;
    const token = () => tokenFor('alice', -60 - ++fetched);
    const alice = running.app('alice', { token });
    const errors: RingwayError[] = [];
    alice.on('error', (error) => errors.push(error));
    const refused = happens(alice, 'status', (status) => status === 'refused');
    alice.connect();
    await refused;
    expect(fetched).toBe(4);
    expect(errors).toEqual([alice.error]);
    expect(alice.error).toMatchObject({ code: 'TOKEN_EXPIRED', retryable: false });
    // Once more when the app says so, and with tokens that were not refused before.
    const again = happens(alice, 'error');
    alice.connect();
    await again;
    expect(fetched).toBe(8);
  });

  it('asks over HTTP with a fresh token, once, when the one it has is not wanted', async () => {
    let fetched = 0;
    const one = running.app('alice', {
      token: () => (++fetched === 1 ? Promise.resolve('not.a.token') : tokenFor('alice')),
    });
    expect(await one.http.devices()).toEqual([]);
    const never = running.app('alice', { token: () => Promise.resolve(`not.a.${++fetched}`) });
    await expect(never.http.devices()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(fetched).toBe(4);
  });

  it('waits for a backend that cannot make tokens just now', async () => {
    let asked = 0;
    const token = async () => {
      if (++asked < 3) throw new Error('the backend is away');
      return tokenFor('alice', 600);
    };
    const alice = await running.online('alice', { token });
    expect(alice).toMatchObject({ status: 'online', error: null, userId: 'alice' });
  });

  it('ends when the same device connects once more, and begins again when the app says so', async () => {
    const first = await running.online('alice');
    const replaced = happens(first, 'status', (status) => status === 'replaced');
    const second = await running.online('alice');
    await replaced;
    expect(first.error?.code).toBe('REPLACED');
    await expect(first.call({ callee: 'bob', media: 'voice' }).sent).rejects.toMatchObject({
      code: 'REPLACED',
    });
    expect(second.status).toBe('online');
    const back = happens(first, 'status', (status) => status === 'online');
    first.connect();
    await back;
  });

  it('is of the user whose token there is, and of nobody before', async () => {
    let user = 'alice';
    const client = await running.online('alice', { token: () => tokenFor(user), deviceId: 'shared' });
    const call = client.call({ callee: 'nobody', media: 'voice' });
    await call.sent;
    client.close();
    const unsaid = client.call({ callee: 'carol', media: 'voice' });
    await expect(unsaid.sent).rejects.toMatchObject({ code: 'CLOSED' });
    user = 'bob';
    const online = happens(client, 'status', (status) => status === 'online');
    client.connect();
    await online;
    expect(client).toMatchObject({ userId: 'bob' });
    expect([...client.calls.keys()]).toEqual([]);
    expect(call.state).toBe('ended');
    expect((await client.http.history()).items).toEqual([]);
  });

  it('begins anew when a refreshed token is of somebody else', async () => {
    let fetched = 0;
    const token = () => (++fetched === 1 ? tokenFor('alice', 4) : tokenFor('bob'));
    const client = await running.online('alice', { token, deviceId: 'handed-over' });
    await client.call({ callee: 'nobody', media: 'voice' }).sent;
    await happens(client, 'status', (status) => status === 'online');
    expect([client.userId, client.calls.size]).toEqual(['bob', 0]);
  });

  it('says whether the app is in front', async () => {
    const alice = await running.online('alice');
    await alice.setAppState('background');
    const bob = await running.online('bob');
    expect(await bob.http.presence(['alice', 'bob'])).toEqual([
      { userId: 'alice', reachable: 'online' },
      { userId: 'bob', reachable: 'online' },
    ]);
  });

  it('rejects what is still asked for when it is closed', async () => {
    const alice = running.app('alice');
    const call = alice.call({ callee: 'bob', media: 'voice' });
    alice.connect();
    alice.close();
    await expect(call.sent).rejects.toMatchObject({ code: 'CLOSED' });
    expect(call).toMatchObject({ state: 'ended', view: null, error: { code: 'CLOSED' } });
  });

  it('names the wrong field of a refused command', async () => {
    const alice = await running.online('alice');
    const call = alice.call({ callee: '', media: 'voice' });
    await expect(call.sent).rejects.toMatchObject({
      name: 'RingwayError',
      code: 'INVALID',
      retryable: false,
      details: [{ path: 'callee', message: 'must not be empty' }],
    });
  });
});
