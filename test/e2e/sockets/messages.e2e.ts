import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone, Told } from '../../support/phone.js';

describe('who hears what', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let laptop: Phone;
  let bob: Phone;
  let tablet: Phone;
  let eve: Phone;
  beforeAll(async () => {
    gateway = await testGateway();
    [alice, laptop] = [
      await gateway.phone('alice', { name: 'Alice' }),
      await gateway.phone('alice', { deviceId: 'laptop' }),
    ];
    [bob, tablet] = [
      await gateway.phone('bob', { name: 'Bob' }),
      await gateway.phone('bob', { deviceId: 'tablet' }),
    ];
    eve = await gateway.phone('eve');
  });
  afterEach(async () => {
    expect((await eve.caughtUp()).heard.map(({ event }) => event)).toEqual(['sync']);
  });
  afterAll(() => gateway.stop());

  const everybody = (): Phone[] => [alice, laptop, bob, tablet];
  const of =
    (callId: string, more: (told: Told) => boolean = () => true) =>
    (told: Told) =>
      told.call?.callId === callId && more(told);
  const rings = async (): Promise<string> => {
    const callId = await alice.calls('bob', { media: 'video' });
    for (const phone of [bob, tablet]) await phone.hears('call:incoming', of(callId));
    return callId;
  };
  /** What each device has heard about a call, in order, without the caller's progress. */
  const heardAbout = async (callId: string): Promise<string[][]> => {
    for (const phone of everybody()) await phone.caughtUp();
    return everybody().map((phone) => phone.about(callId).filter((event) => event !== 'call:progress'));
  };
  const byBob = { userId: 'bob', deviceId: 'bob-phone' };
  const byAlice = { userId: 'alice', deviceId: 'alice-phone' };

  it('every device of the callee hears call:incoming, and the caller’s none', async () => {
    const callId = await rings();
    for (const phone of [bob, tablet]) {
      const { call, serverTime, ...rest } = await phone.hears('call:incoming', of(callId));
      expect(call).toMatchObject({
        callId,
        version: 1,
        state: 'initiated',
        media: 'video',
        caller: { userId: 'alice', name: 'Alice' },
      });
      expect(Math.abs(Date.parse(serverTime as string) - Date.parse(call.initiatedAt))).toBeLessThan(2_000);
      expect(rest).toEqual({});
    }
    await alice.say('call:cancel', { callId });
    expect(await heardAbout(callId)).toEqual([
      ['call:cancelled'],
      ['call:cancelled'],
      ['call:incoming', 'call:cancelled'],
      ['call:incoming', 'call:cancelled'],
    ]);
    for (const phone of everybody()) {
      expect(await phone.hears('call:cancelled', of(callId))).toMatchObject({
        ...{
          call: { version: 2, state: 'ended', outcome: 'cancelled', endReason: 'cancelled' },
          by: byAlice,
        },
      });
    }
  });

  it('everybody hears each device of the callee that rings', async () => {
    const callId = await rings();
    await bob.say('call:ringing', { callId });
    await tablet.say('call:ringing', { callId });
    for (const phone of everybody()) {
      const first = await phone.hears(
        'call:ringing',
        of(callId, ({ by }) => by.deviceId === 'bob-phone'),
      );
      const second = await phone.hears(
        'call:ringing',
        of(callId, ({ by }) => by.deviceId === 'tablet'),
      );
      expect(first.call).toMatchObject({ version: 2, state: 'ringing', callee: { name: 'Bob' } });
      expect(second.call).toMatchObject({ version: 3, state: 'ringing', ringingAt: first.call.ringingAt });
    }
    await alice.say('call:cancel', { callId });
  });

  it('an answer is call:answered for the caller and the device, and call:handled-elsewhere for the callee’s others', async () => {
    const callId = await rings();
    const { call } = await bob.say('call:answer', { callId });
    for (const phone of [alice, laptop, bob])
      expect(await phone.hears('call:answered', of(callId))).toEqual({ call, by: byBob });
    expect(await tablet.hears('call:handled-elsewhere', of(callId))).toEqual({
      call,
      how: 'answered',
      by: byBob,
    });
    await laptop.say('call:end', { callId });
    expect(await heardAbout(callId)).toEqual([
      ['call:answered', 'call:ended'],
      ['call:answered', 'call:ended'],
      ['call:incoming', 'call:answered', 'call:ended'],
      ['call:incoming', 'call:handled-elsewhere', 'call:ended'],
    ]);
    for (const phone of everybody()) {
      expect(await phone.hears('call:ended', of(callId))).toMatchObject({
        ...{ call: { version: 3, outcome: 'completed', endReason: 'hangup', answeredBy: 'bob-phone' } },
        by: { userId: 'alice', deviceId: 'laptop' },
      });
    }
  });

  it('a decline is call:declined for the caller and the device, and call:handled-elsewhere with its name for the others', async () => {
    const body = { platform: 'web', name: 'Bob’s Pixel' };
    await gateway.http('/v1/devices/bob-phone', { as: 'bob', method: 'PUT', body });
    const callId = await rings();
    const { call } = await bob.say('call:decline', { callId });
    expect(call).toMatchObject({
      version: 2,
      state: 'ended',
      outcome: 'declined',
      endReason: 'declined',
      answeredBy: null,
    });
    for (const phone of [alice, laptop, bob])
      expect(await phone.hears('call:declined', of(callId))).toEqual({ call, by: byBob });
    expect(await tablet.hears('call:handled-elsewhere', of(callId))).toEqual({
      ...{ call, how: 'declined', by: { ...byBob, deviceName: 'Bob’s Pixel' } },
    });
    expect(await heardAbout(callId)).toEqual([
      ['call:declined'],
      ['call:declined'],
      ['call:incoming', 'call:declined'],
      ['call:incoming', 'call:handled-elsewhere'],
    ]);
  });

  it('a decline because busy has the outcome busy', async () => {
    const callId = await rings();
    await tablet.say('call:decline', { callId, reason: 'busy' });
    expect(await alice.hears('call:declined', of(callId))).toMatchObject({
      call: { outcome: 'busy', endReason: 'busy' },
    });
    expect(await bob.hears('call:handled-elsewhere', of(callId))).toMatchObject({
      how: 'declined',
      by: { deviceId: 'tablet' },
    });
  });

  it('what is done over HTTP is heard as well', async () => {
    const callId = await rings();
    await gateway.http(`/v1/calls/${callId}/answer?deviceId=watch`, { as: 'bob', method: 'POST' });
    const by = { userId: 'bob', deviceId: 'watch' };
    for (const phone of [bob, tablet])
      expect(await phone.hears('call:handled-elsewhere', of(callId))).toMatchObject({ how: 'answered', by });
    for (const phone of [alice, laptop])
      expect(await phone.hears('call:answered', of(callId))).toMatchObject({ by });
    await gateway.http(`/v1/calls/${callId}/end?deviceId=watch`, { as: 'bob', method: 'POST' });
    for (const phone of everybody())
      expect(await phone.hears('call:ended', of(callId))).toMatchObject({ by });
  });

  it('nobody there: the caller’s devices hear call:failed, unreachable', async () => {
    const callId = await alice.calls('nobody');
    for (const phone of [alice, laptop]) {
      const { call } = await phone.hears('call:failed', of(callId));
      expect(call).toMatchObject({ version: 2, state: 'ended', outcome: 'failed', endReason: 'unreachable' });
    }
    expect(alice.all('call:progress').filter((told) => told.callId === callId)).toEqual([
      { callId, step: 'unreachable' },
    ]);
  });

  it('every message carries a version, and no device ever hears an older one after a newer one', async () => {
    for (const phone of everybody()) {
      const versions = new Map<string, number>();
      for (const { call } of phone.heard.map(({ payload }) => payload).filter((told) => told.call)) {
        expect(call.version).toBeGreaterThanOrEqual(versions.get(call.callId) ?? 1);
        versions.set(call.callId, call.version);
      }
      expect(versions.size).toBeGreaterThan(3);
    }
  });

  it('the ring ladder is the caller’s: a step for each socket that acknowledged, none for one that did not', async () => {
    const [carol, mute] = [
      await gateway.phone('carol'),
      await gateway.phone('carol', { deviceId: 'mute', acknowledges: false }),
    ];
    const callId = await alice.calls('carol');
    await mute.hears('call:incoming', of(callId));
    for (const phone of [alice, laptop]) {
      expect(await phone.hears('call:progress', (told) => told.callId === callId)).toMatchObject({
        callId,
        step: 'socket-delivered',
      });
    }
    await carol.say('call:decline', { callId });
    await alice.hears('call:declined', of(callId));
    expect(alice.about(callId)).toEqual(['call:progress', 'call:declined']);
    expect((await carol.caughtUp()).about(callId)).toEqual(['call:incoming', 'call:declined']);
  });

  it('call:media goes to the other participant’s device in the call, with held false unless said, and not to oneself', async () => {
    const callId = await rings();
    await bob.say('call:answer', { callId });
    const told = await bob.say('call:media', { callId, audio: false, video: true });
    expect(told).toMatchObject({ ok: true, call: { callId, state: 'answered', version: 2 } });
    expect(await alice.hears('call:media')).toEqual({
      callId,
      from: byBob,
      audio: false,
      video: true,
      held: false,
    });
    await alice.say('call:media', { callId, audio: true, video: false, held: true });
    expect(await bob.hears('call:media')).toEqual({
      callId,
      from: byAlice,
      audio: true,
      video: false,
      held: true,
    });
    await alice.say('call:end', { callId });
    const media = (await heardAbout(callId)).map(
      (events) => events.filter((event) => event === 'call:media').length,
    );
    expect(media).toEqual([1, 0, 1, 0]);
    expect(await gateway.recorded(callId, 'alice')).toEqual(['CallInitiated', 'CallAnswered', 'CallEnded']);
  });
});
