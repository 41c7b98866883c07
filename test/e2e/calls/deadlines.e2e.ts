import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone, Told } from '../../support/phone.js';

const of = (callId: string) => (told: Told) => told.call?.callId === callId;

describe('a call nobody acts on', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  beforeAll(async () => {
    gateway = await testGateway({ RING_TIMEOUT_MS: '400', CALL_MAX_DURATION_MS: '600' });
    alice = await gateway.phone('alice');
    bob = await gateway.phone('bob');
  });
  afterAll(() => gateway.stop());
  const lasted = (from: string, to: string | null): number => Date.parse(to!) - Date.parse(from);

  it.each(['initiated', 'ringing'])('is missed at the end of its ring time when it is %s', async (state) => {
    const callId = await alice.calls('bob');
    if (state === 'ringing') await bob.say('call:ringing', { callId });
    for (const phone of [alice, bob]) {
      const { call, by } = await phone.hears('call:missed', of(callId));
      expect(call).toMatchObject({
        state: 'ended',
        outcome: 'missed',
        endReason: 'timeout',
        answeredAt: null,
      });
      expect(lasted(call.initiatedAt, call.ringExpiresAt)).toBe(400);
      expect(lasted(call.ringExpiresAt, call.endedAt)).toBeGreaterThanOrEqual(0);
      expect(lasted(call.ringExpiresAt, call.endedAt)).toBeLessThan(1_000);
      expect(by).toBeUndefined();
    }
    expect(await bob.say('call:answer', { callId })).toMatchObject({ error: { code: 'CALL_ALREADY_ENDED' } });
    expect(await alice.say('call:cancel', { callId })).toMatchObject({
      ok: true,
      call: { outcome: 'missed' },
    });
    expect((await gateway.recorded(callId, 'bob')).at(-1)).toBe('CallMissed');
  });

  it('is ended after CALL_MAX_DURATION_MS when it was answered, and not missed', async () => {
    const callId = await alice.calls('bob');
    await bob.say('call:answer', { callId });
    for (const phone of [alice, bob]) {
      const { call, by } = await phone.hears('call:ended', of(callId));
      expect(call).toMatchObject({ state: 'ended', outcome: 'completed', endReason: 'max_duration' });
      expect(lasted(call.answeredAt!, call.endedAt)).toBeGreaterThanOrEqual(600);
      expect(by).toBeUndefined();
    }
    expect(await gateway.recorded(callId, 'bob')).toEqual(['CallInitiated', 'CallAnswered', 'CallEnded']);
  });

  it('is over in the next sync of a device that was away', async () => {
    const callId = await alice.calls('bob');
    bob.disconnect();
    await alice.hears('call:missed', of(callId));
    bob = await gateway.phone('bob');
    const { calls } = await bob.hears('sync');
    expect(calls.find((call) => call.callId === callId)).toMatchObject({ state: 'ended', outcome: 'missed' });
    expect(bob.all('call:incoming')).toEqual([]);
  });
});

describe('a callee who is in a call already', () => {
  const begin = async (
    policy: string,
  ): Promise<{ gateway: TestGateway; alice: Phone; bob: Phone; carol: Phone; first: string }> => {
    const gateway = await testGateway({ BUSY_POLICY: policy });
    const [alice, bob, carol] = [
      await gateway.phone('alice'),
      await gateway.phone('bob'),
      await gateway.phone('carol'),
    ];
    const first = await alice.calls('bob');
    await bob.say('call:answer', { callId: first });
    return { gateway, alice, bob, carol, first };
  };

  it('hears the second call waiting, and may hold two', async () => {
    const { gateway, alice, bob, carol, first } = await begin('ring');
    const second = await carol.calls('bob');
    await bob.hears('call:incoming', of(second));
    expect(await bob.say('call:answer', { callId: second })).toMatchObject({
      ok: true,
      call: { state: 'answered' },
    });
    expect(await alice.say('call:signal', { callId: first, signal: 'still here' })).toMatchObject({
      ok: true,
    });
    expect(await bob.hears('call:signal')).toMatchObject({ callId: first, signal: 'still here' });
    const { calls } = await bob.say('sync');
    expect(calls).toMatchObject([
      { callId: first, state: 'answered' },
      { callId: second, state: 'answered' },
    ]);
    await gateway.stop();
  });

  it('is not disturbed with BUSY_POLICY=reject: the caller hears call:declined, busy, and it is recorded so', async () => {
    const { gateway, alice, bob, carol, first } = await begin('reject');
    const second = await carol.calls('bob');
    const { call, by } = await carol.hears('call:declined', of(second));
    expect(call).toMatchObject({
      version: 2,
      state: 'ended',
      outcome: 'busy',
      endReason: 'busy',
      ringingAt: null,
    });
    expect(by).toBeUndefined();
    expect(await gateway.recorded(second, 'carol')).toEqual(['CallInitiated', 'CallDeclined']);
    expect((await bob.caughtUp()).about(second)).toEqual([]);
    const { body } = await gateway.http('/v1/calls?outcome=busy', { as: 'bob' });
    expect(body.items).toMatchObject([{ callId: second, direction: 'incoming' }]);

    // Whoever calls, or is being called, is busy too; and free again as soon as it is over.
    const third = await alice.calls('carol');
    expect(third).toBeDefined();
    await carol.hears('call:incoming', of(third));
    const dave = await gateway.phone('dave');
    for (const callee of ['alice', 'carol']) {
      const callId = await dave.calls(callee);
      expect((await dave.hears('call:declined', of(callId))).call.outcome).toBe('busy');
    }
    await alice.say('call:cancel', { callId: third });
    await bob.say('call:end', { callId: first });
    for (const callee of [bob, carol]) {
      const callId = await dave.calls(callee.userId);
      await callee.hears('call:incoming', of(callId));
    }
    await gateway.stop();
  });
});
