import { randomUUID } from 'node:crypto';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';

const refused = (code: string, more: object = {}): object => ({
  ok: false,
  error: { code, message: expect.stringMatching(/^[A-Z].*\.$/) as string, retryable: false, ...more },
});
const COMMANDS = ['call:ringing', 'call:answer', 'call:decline', 'call:cancel', 'call:end'];

describe('a command', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  let tablet: Phone;
  let eve: Phone;
  beforeAll(async () => {
    gateway = await testGateway();
    alice = await gateway.phone('alice', { name: 'Alice' });
    bob = await gateway.phone('bob', { name: 'Bob' });
    tablet = await gateway.phone('bob', { deviceId: 'tablet' });
    eve = await gateway.phone('eve');
  });
  afterAll(() => gateway.stop());

  const answered = async (): Promise<string> => {
    const callId = await alice.calls('bob', { media: 'video' });
    expect(await bob.say('call:answer', { callId })).toMatchObject({ ok: true });
    return callId;
  };
  const over = async (): Promise<string> => {
    const callId = await answered();
    expect(await alice.say('call:end', { callId })).toMatchObject({ ok: true });
    return callId;
  };
  const saying = (phone: Phone, event: string, callId: string): Promise<unknown> =>
    phone.say(event, { callId, signal: 'candidate', audio: true, video: true });

  it('answers with the whole call', async () => {
    const callId = randomUUID();
    const metadata = { room: 7, tags: ['a', { deep: null }], ключ: '🙂' };
    const { ok, call } = await alice.say('call:initiate', {
      callId,
      callee: 'bob',
      media: 'video',
      metadata,
    });
    expect({ ok, call }).toEqual({
      ok: true,
      call: {
        ...{
          callId,
          version: 1,
          caller: { userId: 'alice', name: 'Alice' },
          callee: { userId: 'bob', name: null },
        },
        ...{ media: 'video', state: 'initiated', outcome: null, endReason: null, metadata },
        ...{ ringingAt: null, answeredAt: null, endedAt: null, answeredBy: null },
        initiatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        ringExpiresAt: expect.any(String) as string,
      },
    });
    expect(Date.parse(call.ringExpiresAt) - Date.parse(call.initiatedAt)).toBe(45_000);
    const ringing = await bob.say('call:ringing', { callId });
    expect(ringing.call).toEqual({
      ...{ ...call, version: 2, state: 'ringing', callee: { userId: 'bob', name: 'Bob' } },
      ringingAt: expect.any(String) as string,
    });
    const picked = await bob.say('call:answer', { callId });
    expect(picked.call).toEqual({
      ...{ ...ringing.call, version: 3, state: 'answered', answeredBy: 'bob-phone' },
      answeredAt: expect.any(String) as string,
    });
    const ended = await bob.say('call:end', { callId });
    expect(ended.call).toEqual({
      ...{ ...picked.call, version: 4, state: 'ended', outcome: 'completed', endReason: 'hangup' },
      endedAt: expect.any(String) as string,
    });
  });

  it.each(['ringing', 'answer', 'decline', 'end', 'signal', 'media'])(
    'call:%s of no call is CALL_NOT_FOUND',
    async (name) => {
      expect(await saying(alice, `call:${name}`, randomUUID())).toEqual(refused('CALL_NOT_FOUND'));
    },
  );

  it('of a stranger finds no call, whatever its state, and changes nothing', async () => {
    const ringing = await alice.calls('bob');
    for (const callId of [ringing, await answered(), await over()]) {
      const before = await gateway.recorded(callId, 'alice');
      for (const name of ['ringing', 'answer', 'decline', 'end', 'signal', 'media']) {
        expect(await saying(eve, `call:${name}`, callId)).toEqual(refused('CALL_NOT_FOUND'));
      }
      expect(await saying(eve, 'call:cancel', callId)).toEqual({ ok: true, call: null });
      const taken = await eve.say('call:initiate', { callId, callee: 'bob', media: 'voice' });
      expect(taken).toEqual(refused('CALL_ID_CONFLICT'));
      expect(await gateway.recorded(callId, 'alice')).toEqual(before);
      expect((await eve.caughtUp()).about(callId)).toEqual([]);
    }
    expect(await alice.say('call:cancel', { callId: ringing })).toMatchObject({
      ok: true,
      call: { outcome: 'cancelled' },
    });
  });

  it('that is the other side’s to give is NOT_ALLOWED while the call rings', async () => {
    const callId = await alice.calls('bob');
    for (const event of ['call:ringing', 'call:answer', 'call:decline']) {
      expect(await saying(alice, event, callId)).toEqual(refused('NOT_ALLOWED'));
    }
    expect(await saying(bob, 'call:cancel', callId)).toEqual(refused('NOT_ALLOWED'));
    await alice.say('call:cancel', { callId });
  });

  it('that needs an answer first is NOT_ANSWERED', async () => {
    const callId = await alice.calls('bob');
    for (const phone of [alice, bob, tablet]) {
      expect(await saying(phone, 'call:end', callId)).toEqual(refused('NOT_ANSWERED'));
      expect(await saying(phone, 'call:media', callId)).toEqual(refused('NOT_ANSWERED'));
    }
    await alice.say('call:cancel', { callId });
  });

  it('that comes after the answer is ALREADY_ANSWERED or ANSWERED_ELSEWHERE', async () => {
    const callId = await answered();
    expect(await saying(alice, 'call:cancel', callId)).toEqual(refused('ALREADY_ANSWERED'));
    expect(await saying(bob, 'call:decline', callId)).toEqual(refused('ALREADY_ANSWERED'));
    for (const event of ['call:answer', 'call:decline', 'call:ringing', 'call:signal', 'call:media']) {
      expect(await saying(tablet, event, callId)).toEqual(refused('ANSWERED_ELSEWHERE'));
    }
    expect(await saying(bob, 'call:answer', callId)).toMatchObject({
      ok: true,
      call: { answeredBy: 'bob-phone', version: 2 },
    });
    expect(await saying(tablet, 'call:end', callId)).toMatchObject({
      ok: true,
      call: { outcome: 'completed' },
    });
  });

  it('whose aim already holds is ok, and what needs a living call is CALL_ALREADY_ENDED', async () => {
    const callId = await over();
    const { body: call } = await gateway.http(`/v1/calls/${callId}`, { as: 'alice' });
    for (const phone of [alice, bob, tablet]) {
      for (const event of ['call:end', 'call:cancel', 'call:decline']) {
        expect(await saying(phone, event, callId)).toEqual({ ok: true, call });
      }
      for (const event of ['call:answer', 'call:ringing', 'call:signal', 'call:media']) {
        expect(await saying(phone, event, callId)).toEqual(refused('CALL_ALREADY_ENDED'));
      }
    }
    expect(await gateway.recorded(callId, 'alice')).toEqual(['CallInitiated', 'CallAnswered', 'CallEnded']);
  });

  it('cannot call oneself, nor give the id of a call to another one', async () => {
    const callId = await alice.calls('bob', { metadata: { a: 1 } });
    const call = { callId, callee: 'bob', media: 'voice', metadata: { a: 1 } };
    expect(await alice.say('call:initiate', { ...call, callId: randomUUID(), callee: 'alice' })).toEqual(
      refused('SELF_CALL'),
    );
    for (const change of [
      { callee: 'eve' },
      { media: 'video' },
      { metadata: { a: 2 } },
      { metadata: undefined },
    ]) {
      expect(await alice.say('call:initiate', { ...call, ...change })).toEqual(refused('CALL_ID_CONFLICT'));
    }
    expect(await bob.say('call:initiate', { ...call, callee: 'alice' })).toEqual(refused('CALL_ID_CONFLICT'));
    expect(await gateway.recorded(callId, 'alice')).toEqual(['CallInitiated']);
    await alice.say('call:cancel', { callId });
  });

  it('takes effect in the order it was said, without waiting for answers', async () => {
    const callId = randomUUID();
    const all = await Promise.all([
      alice.say('call:initiate', { callId, callee: 'bob', media: 'voice' }),
      alice.say('call:signal', { callId, signal: 'offer' }),
      alice.say('call:cancel', { callId }),
      ...COMMANDS.slice(3).map((event) => alice.say(event, { callId })),
    ]);
    expect(all).toMatchObject([
      { ok: true, call: { state: 'initiated', version: 1 } },
      { ok: true, seq: 1 },
      { ok: true, call: { state: 'ended', version: 2 } },
      ...COMMANDS.slice(3).map(() => ({ ok: true, call: { version: 2 } })),
    ]);
  });

  it('is TOO_LARGE with a signal of more than 65,536 bytes', async () => {
    const callId = await answered();
    const ofBytes = (bytes: number): string => 'x'.repeat(bytes - 2);
    expect(await alice.say('call:signal', { callId, signal: ofBytes(65_537) })).toEqual(refused('TOO_LARGE'));
    expect(await alice.say('call:signal', { callId, signal: 'é'.repeat(32_768) })).toEqual(
      refused('TOO_LARGE'),
    );
    expect(await alice.say('call:signal', { callId, signal: ofBytes(65_536) })).toEqual({ ok: true, seq: 1 });
    expect((await bob.hears('call:signal', (told) => told.callId === callId)).signal).toHaveLength(65_534);
    await alice.say('call:end', { callId });
  });

  it('may carry a signal of any JSON', async () => {
    const callId = await answered();
    const signals = [
      null,
      true,
      0,
      -1.5,
      '',
      'x',
      [],
      {},
      [[[]]],
      { a: { b: [null] } },
      Array.from({ length: 32_000 }, () => 1),
    ];
    for (const signal of signals)
      expect(await alice.say('call:signal', { callId, signal })).toMatchObject({ ok: true });
    await bob.hears('call:signal', (told) => told.callId === callId && told.seq === signals.length);
    const heard = bob.all('call:signal').filter((told) => told.callId === callId);
    expect(heard.map(({ signal }) => signal as unknown)).toEqual(signals);
    await alice.say('call:end', { callId });
  });
});
