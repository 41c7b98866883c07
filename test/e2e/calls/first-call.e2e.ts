import { type TestGateway, testGateway } from '../../support/gateway.js';

describe('a video call between two phones', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());

  it('rings, is answered, passes signals, is hung up, and is in the history of both', async () => {
    const alice = await gateway.phone('alice', { name: 'Alice' });
    const bob = await gateway.phone('bob');
    const callId = await alice.calls('bob', { media: 'video', metadata: { topic: 'lunch' } });

    const incoming = await bob.hears('call:incoming');
    expect(incoming.call).toMatchObject({
      callId,
      version: 1,
      state: 'initiated',
      caller: { userId: 'alice', name: 'Alice' },
    });
    expect(await bob.say('call:ringing', { callId })).toMatchObject({
      ok: true,
      call: { state: 'ringing', version: 2 },
    });
    await alice.hears('call:ringing', ({ by }) => by.deviceId === 'bob-phone');
    expect(await alice.say('call:signal', { callId, signal: { sdp: 'offer' } })).toEqual({
      ok: true,
      seq: 1,
    });
    expect(await bob.say('call:answer', { callId })).toMatchObject({
      ok: true,
      call: { state: 'answered', answeredBy: 'bob-phone' },
    });
    await alice.hears('call:answered');
    expect(await bob.hears('call:signal')).toMatchObject({
      callId,
      seq: 1,
      from: { userId: 'alice' },
      signal: { sdp: 'offer' },
    });
    await bob.say('call:signal', { callId, signal: { sdp: 'answer' } });
    expect(await alice.hears('call:signal')).toMatchObject({
      seq: 1,
      from: { deviceId: 'bob-phone' },
      signal: { sdp: 'answer' },
    });
    expect(await bob.say('call:media', { callId, audio: false, video: true })).toMatchObject({ ok: true });
    expect(await alice.hears('call:media')).toEqual({
      ...{ callId, from: { userId: 'bob', deviceId: 'bob-phone' } },
      ...{ audio: false, video: true, held: false },
    });
    expect(await alice.say('call:end', { callId })).toMatchObject({
      ok: true,
      call: { outcome: 'completed', endReason: 'hangup' },
    });
    await bob.hears('call:ended');

    const history = await gateway.http('/v1/calls', { as: 'bob' });
    expect(history.body).toMatchObject({
      items: [{ callId, direction: 'incoming', outcome: 'completed' }],
      nextCursor: null,
    });
    const timeline = await gateway.http(`/v1/calls/${callId}/events`, { as: 'alice' });
    const events = timeline.body.items.filter((item: { stream: string }) => item.stream === 'call');
    expect(events.map(({ type, version }: { type: string; version: number }) => [version, type])).toEqual([
      [1, 'CallInitiated'],
      [2, 'CallRinging'],
      [3, 'CallAnswered'],
      [4, 'CallEnded'],
    ]);
  });

  it('fails at once when nobody can be reached', async () => {
    const alice = await gateway.phone('alice2');
    const callId = await alice.calls('nobody');
    expect(await alice.hears('call:failed')).toMatchObject({
      call: { callId, outcome: 'failed', endReason: 'unreachable' },
    });
    expect(await alice.hears('call:progress')).toEqual({ callId, step: 'unreachable' });
  });
});
