import { type TestGateway, testGateway } from '../../test/support/gateway.js';
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
});
