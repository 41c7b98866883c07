import { type TestGateway, eventually, testGateway } from '../../test/support/gateway.js';
import { TcpProxy } from '../../test/support/tcp-proxy.js';
import { type Apps, apps } from './apps.js';
import { happens } from './happens.js';

describe('apps on a bad network', () => {
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

  const initiated = async (callId: string): Promise<number> =>
    (await gateway.recorded(callId, 'alice')).filter((type) => type === 'CallInitiated').length;

  it('start a call once, though the request was lost with the connection', async () => {
    const alice = await running.online('alice', { url: proxy.url });
    const lost = proxy.loseNextRequest();
    const call = alice.call({ callee: 'nobody', media: 'voice' });
    await Promise.all([lost, call.sent]);
    expect(await initiated(call.id)).toBe(1);
  });

  it('start a call once, though the answer was lost with the connection', async () => {
    const alice = await running.online('alice', { url: proxy.url });
    const lost = proxy.loseNextReply(() => true);
    const call = alice.call({ callee: 'nobody', media: 'voice' });
    await Promise.all([lost, call.sent]);
    expect(await initiated(call.id)).toBe(1);
    expect(call.error).toBeNull();
  });

  it('make a new connection when the old one looks alive and answers nothing', async () => {
    const alice = await running.online('alice', { url: proxy.url, deadlineMs: 25_000 });
    proxy.silence();
    const again = happens(alice, 'status', (status) => status === 'connecting');
    const call = alice.call({ callee: 'nobody', media: 'voice' });
    await again;
    proxy.heal();
    await call.sent;
    expect(await initiated(call.id)).toBe(1);
  });

  it('hear what happened meanwhile', async () => {
    const [alice, bob] = [await running.online('alice', { url: proxy.url }), await running.online('bob')];
    const incoming = happens(bob, 'incoming');
    const outgoing = alice.call({ callee: 'bob', media: 'voice' });
    await outgoing.sent;
    const [call] = await incoming;
    proxy.silence();
    await call.answer();
    await call.end();
    const ended = happens(outgoing, 'ended');
    proxy.heal();
    await ended;
    expect(outgoing.view).toMatchObject({ state: 'ended', outcome: 'completed', answeredBy: 'bob-sdk' });
  });

  it('say of a call when the gateway is out of reach, and when it is back', async () => {
    const alice = await running.online('alice', { url: proxy.url });
    await running.online('bob');
    const call = alice.call({ callee: 'bob', media: 'voice' });
    await call.sent;
    const heard: [string, boolean][] = [];
    call.on('reconnecting', () => heard.push(['reconnecting', call.reconnecting]));
    call.on('reconnected', () => heard.push(['reconnected', call.reconnecting]));
    const heal = proxy.refuse();
    await happens(alice, 'status', (status) => status === 'offline');
    const reconnected = happens(call, 'reconnected');
    await heal();
    await reconnected;
    expect(heard).toEqual([
      ['reconnecting', true],
      ['reconnected', false],
    ]);
    await call.hangUp();
  });

  it('get all signals of both sides in order, over connections that break', async () => {
    const [alice, bob] = [
      await running.online('alice', { url: proxy.url }),
      await running.online('bob', { url: proxy.url }),
    ];
    const incoming = happens(bob, 'incoming');
    const outgoing = alice.call({ callee: 'bob', media: 'voice' });
    const [call] = await incoming;
    const [toAlice, toBob]: unknown[][] = [[], []];
    outgoing.on('signal', (signal) => toAlice!.push(signal));
    call.on('signal', (signal) => toBob!.push(signal));
    await call.answer();
    const all = Array.from({ length: 60 }, (_, nr) => nr);
    const sent: Promise<void>[] = [];
    for (const nr of all) {
      sent.push(outgoing.sendSignal(nr), call.sendSignal(nr));
      if (nr % 20 === 10) await proxy.loseNextRequest();
    }
    await Promise.all(sent);
    await eventually(
      async () => [toAlice, toBob],
      (heard) => heard.every((list) => list!.includes(59)),
    );
    // The one whose acknowledgement was lost may have come twice, never out of its turn.
    const once = (list: unknown[]): unknown[] => list.filter((signal, at) => signal !== list[at - 1]);
    expect(once(toAlice!)).toEqual(all);
    expect(once(toBob!)).toEqual(all);
  });
});
