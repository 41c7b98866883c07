import { randomUUID } from 'node:crypto';
import { type HttpAnswer, type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone, Told } from '../../support/phone.js';

describe('the same command again', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  beforeAll(async () => {
    gateway = await testGateway();
    alice = await gateway.phone('alice', { name: 'Alice' });
    bob = await gateway.phone('bob');
  });
  afterAll(() => gateway.stop());

  /** Says it once, then five times at once, and again from a new connection: one answer, and nothing new written. */
  const sayAgain = async (
    who: 'alice' | 'bob',
    event: string,
    payload: { callId: string },
  ): Promise<Told> => {
    const phone = who === 'alice' ? alice : bob;
    const first = await phone.say(event, payload);
    expect(first.ok).toBe(true);
    const { body: before } = await gateway.http(`/v1/calls/${payload.callId}/events`, { as: who });
    const repeated = await Promise.all(Array.from({ length: 5 }, () => phone.say(event, payload)));
    const fresh = await gateway.phone(who, who === 'alice' ? { name: 'Alice' } : {});
    if (who === 'alice') alice = fresh;
    else bob = fresh;
    for (const answer of [...repeated, await fresh.say(event, payload)]) expect(answer).toEqual(first);
    const { body: after } = await gateway.http(`/v1/calls/${payload.callId}/events`, { as: who });
    const ofCall = ({ items }: typeof before): unknown[] => items.filter(({ stream }) => stream === 'call');
    expect(ofCall(after)).toEqual(ofCall(before));
    return first;
  };

  it('gives the same answer and writes nothing: initiate, ringing, answer, end', async () => {
    const callId = randomUUID();
    const metadata = { b: 1, a: { d: [1, { f: 2, e: 3 }], c: 0.1 }, big: 1e21, ключ: '🙂' };
    await sayAgain('alice', 'call:initiate', { callId, callee: 'bob', media: 'voice', metadata } as {
      callId: string;
    });
    await sayAgain('bob', 'call:ringing', { callId });
    await sayAgain('bob', 'call:answer', { callId });
    const { call } = await sayAgain('alice', 'call:end', { callId });
    expect(call).toMatchObject({ version: 4, outcome: 'completed', metadata });
    const again = await alice.say('call:initiate', { callId, callee: 'bob', media: 'voice', metadata });
    expect(again).toEqual({ ok: true, call });
  });

  it('gives the same answer and writes nothing: cancel, decline, decline because busy', async () => {
    const cancelled = await alice.calls('bob');
    expect((await sayAgain('alice', 'call:cancel', { callId: cancelled })).call).toMatchObject({
      outcome: 'cancelled',
      version: 2,
    });
    const declined = await alice.calls('bob');
    expect((await sayAgain('bob', 'call:decline', { callId: declined })).call).toMatchObject({
      ...{ outcome: 'declined', endReason: 'declined', version: 2 },
    });
    const busy = await alice.calls('bob');
    const payload = { callId: busy, reason: 'busy' };
    expect((await sayAgain('bob', 'call:decline', payload)).call).toMatchObject({
      outcome: 'busy',
      endReason: 'busy',
      version: 2,
    });
  });

  it('is the same with the keys of its metadata in another order, or the id in capitals', async () => {
    const callId = randomUUID();
    const initiate = { callee: 'bob', media: 'voice' };
    const first = await alice.say('call:initiate', {
      ...initiate,
      callId,
      metadata: { a: 1, b: { c: 2, d: 3 } },
    });
    const second = await alice.say('call:initiate', {
      ...{ ...initiate, callId: callId.toUpperCase() },
      metadata: { b: { d: 3, c: 2 }, a: 1 },
    });
    expect(second).toEqual(first);
    await alice.say('call:cancel', { callId });
  });

  it('is one call when it is said over both sockets and HTTP at once', async () => {
    const callId = randomUUID();
    const body = { callId, callee: 'bob', media: 'voice' };
    const tablet = await gateway.phone('alice', { name: 'Alice', deviceId: 'tablet' });
    const token = await gateway.token('alice', 'Alice');
    const overHttp = (): Promise<HttpAnswer> => gateway.http('/v1/calls?deviceId=laptop', { token, body });
    const [spoken, onTablet, posted] = await Promise.all([
      alice.say('call:initiate', body),
      tablet.say('call:initiate', body),
      Promise.all(Array.from({ length: 4 }, overHttp)),
    ]);
    expect(onTablet).toEqual(spoken);
    expect(posted.map((answer) => answer.body.call)).toEqual(posted.map(() => spoken.call));
    expect(posted.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1);
    expect(await gateway.recorded(callId, 'alice')).toEqual(['CallInitiated']);
    await bob.hears('call:incoming', ({ call }) => call.callId === callId);
    expect((await bob.caughtUp()).about(callId)).toEqual(['call:incoming']);
    await alice.say('call:cancel', { callId });
  });
});

describe('a cancel that overtakes its call', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  beforeAll(async () => {
    gateway = await testGateway();
    alice = await gateway.phone('alice');
    bob = await gateway.phone('bob');
  });
  afterAll(() => gateway.stop());
  const initiate = (phone: Phone, callId: string, callee = 'bob'): Promise<Told> =>
    phone.say('call:initiate', { callId, callee, media: 'video' });

  it('is ok with no call; the call that comes later is recorded, cancelled at once, and rings nobody', async () => {
    const callId = randomUUID();
    expect(await alice.say('call:cancel', { callId })).toEqual({ ok: true, call: null });
    expect(await alice.say('call:cancel', { callId })).toEqual({ ok: true, call: null });
    const answer = await initiate(alice, callId);
    expect(answer).toMatchObject({
      ok: true,
      call: { callId, version: 2, state: 'ended', outcome: 'cancelled', endReason: 'cancelled' },
    });
    expect(await initiate(alice, callId)).toEqual(answer);
    expect(await alice.say('call:cancel', { callId })).toEqual(answer);
    expect(await gateway.recorded(callId, 'bob')).toEqual(['CallInitiated', 'CallCancelled']);
    const { body } = await gateway.http('/v1/calls', { as: 'bob' });
    expect(body.items[0]).toMatchObject({ callId, outcome: 'cancelled', direction: 'incoming' });
    expect((await bob.caughtUp()).all('call:incoming')).toEqual([]);
  });

  it('counts for all devices of the user, over HTTP too', async () => {
    const callId = randomUUID();
    const cancelled = await gateway.http(`/v1/calls/${callId}/cancel?deviceId=laptop`, {
      as: 'alice',
      method: 'POST',
    });
    expect(cancelled).toMatchObject({ status: 200, body: { call: null } });
    expect(await initiate(alice, callId)).toMatchObject({ ok: true, call: { outcome: 'cancelled' } });
  });

  it('stops nobody else’s call of that id', async () => {
    const callId = randomUUID();
    const eve = await gateway.phone('eve');
    expect(await eve.say('call:cancel', { callId })).toEqual({ ok: true, call: null });
    expect(await bob.say('call:cancel', { callId })).toEqual({ ok: true, call: null });
    expect(await initiate(alice, callId)).toMatchObject({ ok: true, call: { state: 'initiated' } });
    await bob.hears('call:incoming', ({ call }) => call.callId === callId);
    await alice.say('call:cancel', { callId });
  });

  it('stops only the call it named', async () => {
    await alice.say('call:cancel', { callId: randomUUID() });
    const callId = await alice.calls('bob');
    await bob.hears('call:incoming', ({ call }) => call.callId === callId);
    await alice.say('call:cancel', { callId });
  });

  it('wins as well when both are said at the same instant', async () => {
    const tablet = await gateway.phone('alice', { deviceId: 'tablet' });
    for (let round = 0; round < 20; round++) {
      const callId = randomUUID();
      const said = [
        (): Promise<Told> => initiate(alice, callId),
        (): Promise<Told> => tablet.say('call:cancel', { callId }),
      ];
      if (round % 2) said.reverse();
      const answers = await Promise.all(said.map((say) => say()));
      expect(answers.map(({ ok }) => ok)).toEqual([true, true]);
      expect(await gateway.recorded(callId, 'alice')).toEqual(['CallInitiated', 'CallCancelled']);
    }
  });
});
