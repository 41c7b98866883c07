import pg from 'pg';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone, Told } from '../../support/phone.js';

const signalsOf = (callId: string, heard: Told[]): [number, unknown][] =>
  heard.filter((told) => told.callId === callId).map(({ seq, signal }) => [seq, signal]);
const numbered = (from: number, to: number): [number, unknown][] =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, `#${from + index}`]);

describe('signals', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  let tablet: Phone;
  beforeAll(async () => {
    gateway = await testGateway({ RATE_LIMIT_EVENTS_PER_SECOND: '100000' });
  });
  beforeEach(async () => {
    // Both people's install may have the same name; their signals must not be mixed up by it.
    alice = await gateway.phone('alice', { deviceId: 'phone' });
    bob = await gateway.phone('bob', { deviceId: 'phone' });
    tablet = await gateway.phone('bob', { deviceId: 'tablet' });
  });
  afterAll(() => gateway.stop());

  const send = async (phone: Phone, callId: string, from: number, to = from): Promise<Told[]> =>
    Promise.all(numbered(from, to).map(([, signal]) => phone.say('call:signal', { callId, signal })));
  const answered = async (): Promise<string> => {
    const callId = await alice.calls('bob');
    expect(await bob.say('call:answer', { callId })).toMatchObject({ ok: true });
    return callId;
  };
  const last = (callId: string, seq: number) => (told: Told) => told.callId === callId && told.seq === seq;
  const returns = async (phone: Phone): Promise<Phone> =>
    gateway.phone(phone.userId, { deviceId: phone.deviceId });

  it('sent before the answer wait for it, and then go to the device that answered', async () => {
    const callId = await alice.calls('bob');
    expect((await send(alice, callId, 1, 3)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    await bob.say('call:ringing', { callId });
    for (const phone of [alice, bob, tablet]) expect((await phone.caughtUp()).all('call:signal')).toEqual([]);
    await tablet.say('call:answer', { callId });
    await send(alice, callId, 4, 5);
    await tablet.hears('call:signal', last(callId, 5));
    expect(signalsOf(callId, tablet.all('call:signal'))).toEqual(numbered(1, 5));
    expect(tablet.all('call:signal')[0]).toEqual({
      callId,
      seq: 1,
      from: { userId: 'alice', deviceId: 'phone' },
      signal: '#1',
    });
    expect((await bob.caughtUp()).all('call:signal')).toEqual([]);
  });

  it('of the device that answers go to the caller, those of the callee’s other devices to nobody', async () => {
    const callId = await alice.calls('bob');
    await send(tablet, callId, 1, 2);
    expect((await bob.say('call:signal', { callId, signal: 'from a device that will not answer' })).ok).toBe(
      true,
    );
    await tablet.say('call:answer', { callId });
    await alice.hears('call:signal', last(callId, 2));
    expect(signalsOf(callId, (await alice.caughtUp()).all('call:signal'))).toEqual(numbered(1, 2));
    expect(alice.all('call:signal')[0]!.from).toEqual({ userId: 'bob', deviceId: 'tablet' });
  });

  it('are kept 64 per sender and call until the answer; one more is RATE_LIMITED', async () => {
    const carol = await gateway.phone('carol');
    const [callId, other] = [await alice.calls('bob'), await alice.calls(carol.userId)];
    const answers = await send(alice, callId, 1, 65);
    expect(answers.slice(0, 64).map(({ seq }) => seq)).toEqual(numbered(1, 64).map(([seq]) => seq));
    expect(answers[64]).toEqual({
      ok: false,
      error: {
        ...{ code: 'RATE_LIMITED', retryable: true },
        ...{ message: expect.any(String) as string, retryAfterMs: expect.any(Number) as number },
      },
    });
    expect(await send(alice, other, 1)).toEqual([{ ok: true, seq: 1 }]);
    expect(await send(bob, callId, 1)).toEqual([{ ok: true, seq: 1 }]);
    await bob.say('call:answer', { callId });
    expect(await send(alice, callId, 65)).toEqual([{ ok: true, seq: 65 }]);
    await bob.hears('call:signal', last(callId, 65));
    expect(signalsOf(callId, bob.all('call:signal'))).toEqual(numbered(1, 65));
  });

  it('arrive in order, none lost and none twice, in both directions at once', async () => {
    const callId = await answered();
    const both = await Promise.all([send(alice, callId, 1, 1_000), send(bob, callId, 1, 1_000)]);
    expect(both.flat().every(({ ok }) => ok)).toBe(true);
    await Promise.all([
      alice.hears('call:signal', last(callId, 1_000)),
      bob.hears('call:signal', last(callId, 1_000)),
    ]);
    for (const phone of [alice, bob])
      expect(signalsOf(callId, phone.all('call:signal'))).toEqual(numbered(1, 1_000));
  });

  it('for a device that is away wait for its sync, and are not told again', async () => {
    const callId = await answered();
    await send(alice, callId, 1, 2);
    await bob.hears('call:signal', last(callId, 2));
    bob.disconnect();
    await send(alice, callId, 3, 7);
    bob = await returns(bob);
    expect(signalsOf(callId, (await bob.hears('sync')).signals)).toEqual(numbered(3, 7));
    await send(alice, callId, 8);
    await bob.hears('call:signal', last(callId, 8));
    expect(signalsOf(callId, (await bob.caughtUp()).all('call:signal'))).toEqual(numbered(8, 8));
    expect((await bob.say('sync')).signals).toEqual([]);
  });

  it('for a device that stays away are refused rather than lost, when there are very many', async () => {
    const callId = await answered();
    await send(alice, callId, 1);
    await bob.hears('call:signal', last(callId, 1));
    await bob.caughtUp();
    bob.loseConnection();
    await bob.hears('disconnect');
    const answers = await send(alice, callId, 2, 1_001);
    const kept = answers.filter(({ ok }) => ok).length;
    expect(kept).toBeGreaterThanOrEqual(64);
    expect(answers.slice(kept).map(({ error }) => error.code)).toEqual(
      Array(1_000 - kept).fill('RATE_LIMITED'),
    );
    bob = await returns(bob);
    expect(signalsOf(callId, (await bob.hears('sync')).signals)).toEqual(numbered(2, kept + 1));
  });

  it('that were sent but never acknowledged come again after a broken connection', async () => {
    const callId = await answered();
    await send(alice, callId, 1);
    await bob.hears('call:signal', last(callId, 1));
    await bob.caughtUp();
    bob.acknowledges = false; // what is sent now is on its way when the network goes
    await send(alice, callId, 2, 400);
    bob.loseConnection();
    bob = await returns(bob);
    const again = signalsOf(callId, (await bob.hears('sync')).signals);
    const accepted = (await send(alice, callId, 401))[0]!.seq - 1;
    expect(again).toEqual(numbered(2, accepted));
  });

  it('wait for a device that leaves before its first acknowledgement of one, when it acknowledges what it hears', async () => {
    const callId = await answered();
    await bob.caughtUp();
    bob.acknowledges = false; // from here on nothing reaches it any more
    await send(alice, callId, 1, 3);
    bob.disconnect();
    bob = await returns(bob);
    expect(signalsOf(callId, (await bob.hears('sync')).signals)).toEqual(numbered(1, 3));
  });

  it('are not repeated to a client that never acknowledges, on a clean return or in a sync', async () => {
    const mute = await gateway.phone('mute', { acknowledges: false });
    const callId = await alice.calls('mute');
    await mute.say('call:answer', { callId });
    await send(alice, callId, 1, 3);
    await mute.hears('call:signal', last(callId, 3));
    expect((await mute.say('sync')).signals).toEqual([]);
    mute.disconnect();
    await mute.hears('disconnect');
    await send(alice, callId, 4);
    const again = await gateway.phone('mute', { acknowledges: false });
    expect(signalsOf(callId, (await again.hears('sync')).signals)).toEqual(numbered(4, 4));
    await send(alice, callId, 5);
    await again.hears('call:signal', last(callId, 5));
    expect(signalsOf(callId, again.all('call:signal'))).toEqual(numbered(5, 5));
  });

  it('are gone when the call ends', async () => {
    const callId = await answered();
    bob.disconnect();
    await send(alice, callId, 1, 3);
    await alice.say('call:end', { callId });
    bob = await returns(bob);
    const sync = await bob.hears('sync');
    expect(sync.calls).toEqual(expect.arrayContaining([expect.objectContaining({ callId, state: 'ended' })]));
    expect(sync.signals).toEqual([]);
  });

  it('that are on their way while the call ends are gone as well, whatever comes first', async () => {
    for (let round = 0; round < 15; round++) {
      const callId = await answered();
      bob.disconnect();
      const mixed = Array.from({ length: 20 }, (_, nr) =>
        nr === round ? alice.say('call:end', { callId }) : alice.say('call:signal', { callId, signal: nr }),
      );
      const media = alice.say('call:media', { callId, audio: true, video: false });
      await Promise.all([...mixed, media, tablet.say('call:end', { callId })]);
      bob = await returns(bob);
      expect((await bob.hears('sync')).signals).toEqual([]);
      expect((await bob.caughtUp()).all('call:media')).toEqual([]);
    }
  });

  it('are counted per call and sender', async () => {
    const [first, second] = [await answered(), await answered()];
    expect(await send(alice, first, 1, 2)).toMatchObject([{ seq: 1 }, { seq: 2 }]);
    expect(await send(bob, first, 1)).toMatchObject([{ seq: 1 }]);
    expect(await send(alice, second, 1)).toMatchObject([{ seq: 1 }]);
  });

  it('of other devices of the two are refused', async () => {
    const callId = await answered();
    const laptop = await gateway.phone('alice', { deviceId: 'laptop' });
    expect(await send(laptop, callId, 1)).toMatchObject([{ error: { code: 'NOT_ALLOWED' } }]);
    expect(await send(tablet, callId, 1)).toMatchObject([{ error: { code: 'ANSWERED_ELSEWHERE' } }]);
    for (const phone of [alice, bob]) expect((await phone.caughtUp()).all('call:signal')).toEqual([]);
  });

  it('leave no trace in the database', async () => {
    const callId = await answered();
    const secret = 'a=fingerprint:sha-256 4A:AD:B9:B1:3F';
    await alice.say('call:signal', { callId, signal: { sdp: secret } });
    await bob.hears('call:signal', (told) => told.callId === callId);
    await alice.say('call:end', { callId });
    const { body } = await gateway.http(`/v1/calls/${callId}/events`, { as: 'alice' });
    expect(JSON.stringify(body)).not.toContain(secret);
    const client = new pg.Client(gateway.database.url);
    await client.connect();
    const tables = await client.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public'",
    );
    expect(tables.rows.length).toBeGreaterThan(3);
    for (const { name } of tables.rows) {
      const { rows } = await client.query(`select 1 from "${name}" t where t::text like $1`, [`%${secret}%`]);
      expect({ name, rows }).toEqual({ name, rows: [] });
    }
    await client.end();
  });

  it('come with the other side’s media state, which a returning device is told again', async () => {
    const callId = await answered();
    await alice.say('call:media', { callId, audio: false, video: true });
    await alice.say('call:media', { callId, audio: false, video: false, held: true });
    bob.disconnect();
    bob = await returns(bob);
    const media = {
      callId,
      from: { userId: 'alice', deviceId: 'phone' },
      audio: false,
      video: false,
      held: true,
    };
    expect(await bob.hears('call:media')).toEqual(media);
  });
});
