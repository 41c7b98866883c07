import { type TestGateway, eventually, testGateway } from '../../test/support/gateway.js';
import { TcpProxy } from '../../test/support/tcp-proxy.js';
import type { Call, CallView } from '../src/index.js';
import { type Apps, apps } from './apps.js';
import { happens } from './happens.js';

describe('an app without a network', () => {
  let gateway: TestGateway;
  let proxy: TcpProxy;
  let running: Apps;
  beforeAll(async () => {
    gateway = await testGateway();
    proxy = await TcpProxy.to(gateway.url);
    running = apps(gateway);
  });
  afterEach(() => running.close());
  afterAll(async () => {
    await proxy.close();
    await gateway.stop();
  });

  /** Alice calls Bob. One of them is about to lose the network. */
  const ring = async (roaming: 'alice' | 'bob') => {
    const urlOf = (userId: string) => ({ url: userId === roaming ? proxy.url : gateway.url });
    const alice = await running.online('alice', urlOf('alice'));
    const bob = await running.online('bob', urlOf('bob'));
    const rings = happens(bob, 'incoming');
    const outgoing = alice.call({ callee: 'bob', media: 'voice' });
    await outgoing.sent;
    const [incoming] = await rings;
    await incoming.ringing(); // that it has arrived is known
    return { alice, bob, outgoing, incoming };
  };
  const offline = async (app: { status: string }): Promise<() => Promise<void>> => {
    const heal = proxy.refuse();
    await eventually(
      async () => app.status,
      (status) => status !== 'online',
    );
    return heal;
  };
  const over = (call: Call): Promise<CallView | null> =>
    call.state === 'ended' ? Promise.resolve(call.view) : happens(call, 'ended').then(([view]) => view);
  const endings = (call: Call): unknown[] => {
    const heard: unknown[] = [];
    call.on('ended', (view) => heard.push(view?.state ?? null));
    return heard;
  };
  const learns = (call: Call): Promise<unknown> => happens(call, 'change', ({ state }) => state === 'ended');

  it('hangs up at once, and the other side hears of it when there is a network again', async () => {
    const { alice, outgoing, incoming } = await ring('alice');
    const answered = happens(outgoing, 'change', ({ state }) => state === 'answered');
    await incoming.answer();
    await answered;
    const heal = await offline(alice);
    const heard = endings(outgoing);
    const hungUp = outgoing.hangUp();
    expect(outgoing.state).toBe('ended');
    expect(heard).toEqual(['answered']);
    await hungUp;
    await Promise.all([outgoing.hangUp(), outgoing.end(), outgoing.cancel()]);
    expect(incoming.state).toBe('answered');

    const changes: string[] = [];
    outgoing.on('change', ({ state }) => changes.push(state));
    const learnt = learns(outgoing);
    await heal();
    expect(await over(incoming)).toMatchObject({ outcome: 'completed', endReason: 'hangup' });
    await learnt;
    expect(outgoing.view).toMatchObject({ outcome: 'completed' });
    expect({ heard, changes }).toEqual({ heard: ['answered'], changes: ['ended'] });
  });

  it('declines at once, does not ring again, and the caller hears why', async () => {
    const { bob, outgoing, incoming } = await ring('bob');
    const heal = await offline(bob);
    const incomings: unknown[] = [];
    bob.on('incoming', (call) => incomings.push(call));
    const answering = incoming.answer();
    await incoming.decline('busy');
    expect(incoming.state).toBe('ended');
    await expect(answering).rejects.toMatchObject({ code: 'CALL_ALREADY_ENDED' });
    await heal();
    expect(await over(outgoing)).toMatchObject({ outcome: 'busy' });
    expect(await gateway.recorded(outgoing.id, 'alice')).not.toContain('CallAnswered');
    expect(incomings).toEqual([]);
  });

  it('ends a call that it cancelled and that was answered meanwhile', async () => {
    const { alice, outgoing, incoming } = await ring('alice');
    const heal = await offline(alice);
    await outgoing.cancel();
    await incoming.answer();
    const changes: string[] = [];
    outgoing.on('change', ({ state }) => changes.push(state));
    await heal();
    expect(await over(incoming)).toMatchObject({ outcome: 'completed', endReason: 'hangup' });
    await eventually(
      async () => changes,
      ({ length }) => length > 0,
    );
    expect(changes).toEqual(['ended']);
  });

  it('gets out of a call that it took for an answered one', async () => {
    const { bob, outgoing, incoming } = await ring('bob');
    const heal = await offline(bob);
    await incoming.end();
    await heal();
    expect(await over(outgoing)).toMatchObject({ outcome: 'declined' });
  });

  it('rings nobody with a call that it gave up before it knew whether the gateway has it', async () => {
    const alice = await running.online('alice', { url: proxy.url });
    const bob = await running.online('bob');
    const rings = happens(bob, 'incoming');
    const lost = proxy.loseNextReply(() => true);
    const outgoing = alice.call({ callee: 'bob', media: 'voice' });
    await lost;
    const heal = proxy.refuse();
    const [incoming] = await rings;
    await outgoing.hangUp();
    expect(outgoing).toMatchObject({ state: 'ended', view: null, error: { code: 'CANCELLED' } });
    await expect(outgoing.sent).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(incoming.state).not.toBe('ended');
    await heal();
    expect(await over(incoming)).toMatchObject({ outcome: 'cancelled' });
  });

  it('starts no call that was given up without a network', async () => {
    const alice = await running.online('alice', { url: proxy.url });
    const heal = await offline(alice);
    const outgoing = alice.call({ callee: 'bob', media: 'voice' });
    await outgoing.cancel();
    const online = happens(alice, 'status', (status) => status === 'online');
    await heal();
    await online;
    await expect(outgoing.sent).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await alice.http.history({ limit: 1 })).items[0]?.callId).not.toBe(outgoing.id);
  });

  it('waits two seconds at most for a gateway that looks alive and says nothing', async () => {
    const { outgoing, incoming } = await ring('alice');
    proxy.silence();
    const before = Date.now();
    await outgoing.hangUp();
    expect(Date.now() - before).toBeLessThan(5_000);
    expect(outgoing.state).toBe('ended');
    proxy.heal();
    expect(await over(incoming)).toMatchObject({ outcome: 'cancelled' });
  });

  describe('rings nobody with a call that was being sent when', () => {
    /** Recorded by the gateway, and Alice does not know it. */
    const unacknowledged = async (options = {}) => {
      const alice = await running.online('alice', { url: proxy.url, ...options });
      const bob = await running.online('bob');
      const rings = happens(bob, 'incoming');
      const lost = proxy.loseNextReply(() => true);
      const outgoing = alice.call({ callee: 'bob', media: 'voice' });
      await lost;
      const heal = proxy.refuse();
      const [incoming] = await rings;
      return { alice, outgoing, incoming, heal };
    };

    it('the client was closed', async () => {
      const alice = await running.online('alice');
      const outgoing = alice.call({ callee: 'bob', media: 'voice' });
      await new Promise(setImmediate); // it is on its way
      alice.close();
      expect(outgoing).toMatchObject({ state: 'ended', error: { code: 'CLOSED' } });
      expect(alice.status).toBe('idle');
      await expect(outgoing.sent).rejects.toMatchObject({ code: 'CLOSED' });
      await eventually(
        () => gateway.recorded(outgoing.id, 'alice').catch(() => [] as string[]),
        (types) => types.includes('CallCancelled'),
      );
    });

    it('the client was closed without a network', async () => {
      const { alice, outgoing, incoming, heal } = await unacknowledged();
      alice.close();
      await expect(outgoing.sent).rejects.toMatchObject({ code: 'CLOSED' });
      await heal();
      expect(await over(incoming)).toMatchObject({ outcome: 'cancelled' });
      await eventually(
        async () => outgoing.view?.outcome,
        (outcome) => outcome === 'cancelled',
      );
    });

    it('its time was over', async () => {
      const { outgoing, incoming, heal } = await unacknowledged({ deadlineMs: 1_000 });
      await expect(outgoing.sent).rejects.toMatchObject({ code: 'TIMEOUT' });
      expect(outgoing).toMatchObject({ state: 'ended', error: { code: 'TIMEOUT' } });
      await heal();
      expect(await over(incoming)).toMatchObject({ outcome: 'cancelled' });
    });
  });

  it('may be closed right after it hung up', async () => {
    const { alice, outgoing, incoming } = await ring('bob');
    await incoming.answer();
    void outgoing.hangUp();
    alice.close();
    expect(await over(incoming)).toMatchObject({ outcome: expect.stringMatching('completed') });
  });

  it('may hang up after it was closed', async () => {
    const { alice, outgoing, incoming } = await ring('bob');
    alice.close();
    await outgoing.hangUp();
    expect(outgoing.state).toBe('ended');
    expect(await over(incoming)).toMatchObject({ outcome: 'cancelled' });
  });
});
