import { type TestGateway, testGateway } from '../../test/support/gateway.js';
import type { Call } from '../src/index.js';
import { type Apps, apps } from './apps.js';
import { happens } from './happens.js';

describe('two apps with the SDK', () => {
  let gateway: TestGateway;
  let running: Apps;
  beforeAll(async () => {
    gateway = await testGateway();
    running = apps(gateway);
  });
  afterEach(() => running.close());
  afterAll(() => gateway.stop());

  it('call, ring, answer, exchange signals and media, and hang up', async () => {
    const [alice, bob] = [await running.online('alice'), await running.online('bob')];
    const incoming = happens(bob, 'incoming');
    const outgoing = alice.call({ callee: 'bob', media: 'video', metadata: { topic: 'lunch' } });
    expect(outgoing).toMatchObject({ view: null, direction: 'outgoing', state: 'initiated' });
    const early = outgoing.sendSignal({ early: true });
    const rings = happens(outgoing, 'change', ({ state }) => state === 'ringing');
    const delivered = happens(outgoing, 'progress', ({ step }) => step === 'socket-delivered');
    const [call] = await incoming;
    expect(call.view).toMatchObject({ callId: outgoing.id, media: 'video', metadata: { topic: 'lunch' } });
    expect(call.direction).toBe('incoming');
    await Promise.all([outgoing.sent, early, delivered]);
    await call.ringing();
    await rings;

    const answered = happens(outgoing, 'change', ({ state }) => state === 'answered');
    await call.answer();
    await answered;
    expect(outgoing.view?.answeredBy).toBe('bob-sdk');
    // Nobody listened when it came: it was kept.
    expect(await happens(call, 'signal')).toEqual([
      { early: true },
      { userId: 'alice', deviceId: 'alice-sdk' },
    ]);

    const muted = happens(outgoing, 'media');
    await call.setMedia({ audio: false, video: true });
    await muted;
    expect(outgoing.peerMedia).toMatchObject({ audio: false, video: true, held: false });

    const ended = happens(call, 'ended');
    await outgoing.hangUp();
    expect(await ended).toMatchObject([{ outcome: 'completed', endReason: 'hangup' }]);
    expect(call.state).toBe('ended');
    const { items } = await alice.http.history({ with: 'bob' });
    expect(items[0]).toMatchObject({ callId: call.id, direction: 'outgoing', outcome: 'completed' });
  });

  it('call each other at the same time, and have one call', async () => {
    const [alice, bob] = [await running.online('alice'), await running.online('bob')];
    const [hers, his] = [
      alice.call({ callee: 'bob', media: 'voice' }),
      bob.call({ callee: 'alice', media: 'voice' }),
    ];
    const answered = (call: Call) =>
      call.state === 'answered'
        ? Promise.resolve()
        : happens(call, 'change', ({ state }) => state === 'answered').then(() => undefined);
    await Promise.all([answered(hers), answered(his), hers.sent, his.sent]);
    expect(hers.id).toBe(his.id);
    expect([hers.direction, his.direction].sort()).toEqual(['incoming', 'outgoing']);
    expect([...alice.calls.values()].filter(({ state }) => state === 'answered')).toEqual([hers]);
    expect([...bob.calls.values()].filter(({ state }) => state === 'answered')).toEqual([his]);
    await hers.hangUp();
  });

  it('can give up before the gateway has heard of the call', async () => {
    const alice = await running.online('alice');
    const call = alice.call({ callee: 'bob', media: 'voice' });
    await Promise.all([call.sent, call.cancel()]);
    expect(call.view).toMatchObject({ state: 'ended', outcome: 'cancelled' });
  });

  it('ring on all devices of the callee, and stop where another one answered', async () => {
    const [alice, phone, tablet] = [
      await running.online('alice'),
      await running.online('bob', { deviceId: 'phone' }),
      await running.online('bob', { deviceId: 'tablet' }),
    ];
    const incoming = [happens(phone, 'incoming'), happens(tablet, 'incoming')] as const;
    const outgoing = alice.call({ callee: 'bob', media: 'voice' });
    const [[onPhone], [onTablet]] = await Promise.all(incoming);
    const elsewhere = happens(onTablet, 'handled-elsewhere');
    await onPhone.answer();
    expect(await elsewhere).toMatchObject([{ how: 'answered', by: { userId: 'bob', deviceId: 'phone' } }]);
    await expect(onTablet.answer()).rejects.toMatchObject({ code: 'ANSWERED_ELSEWHERE' });
    await outgoing.end();
  });
});
