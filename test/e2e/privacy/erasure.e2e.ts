import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { everythingStored } from '../../support/everything.js';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import { CANARY, METADATA, NAME, pastCall } from '../../support/canary-call.js';

describe('a user who is erased', () => {
  let gateway: TestGateway;
  let users = 0;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());

  const somebody = (role: string): string => `${role}-${++users}`;
  const erase = async (userId: string): Promise<void> => {
    const { status, text } = await gateway.http('/v1/me', { as: userId, method: 'DELETE' });
    expect({ status, text }).toEqual({ status: 204, text: '' });
  };

  it('has had a name and metadata that everybody concerned could read', async () => {
    const [alice, bob] = [
      await gateway.phone(somebody('alice'), { name: NAME }),
      await gateway.phone(somebody('bob')),
    ];
    const callId = await pastCall(alice, bob);
    for (const as of [alice.userId, bob.userId]) {
      expect((await gateway.http(`/v1/calls/${callId}`, { as })).body).toMatchObject({
        ...{ caller: { name: NAME }, metadata: METADATA },
      });
      const { body } = await gateway.http(`/v1/calls/${callId}/events`, { as });
      expect(body.items[0].data).toMatchObject({ caller: { name: NAME }, metadata: METADATA });
      expect(body.items[0].data).not.toHaveProperty('sealed');
    }
    const stored = await everythingStored(gateway.database.url);
    expect(stored.filter((row) => CANARY.test(row))).toEqual([]);
  });

  it('is nameless to everybody, while the history of others reads on', async () => {
    const [alice, bob] = [
      await gateway.phone(somebody('alice'), { name: NAME }),
      await gateway.phone(somebody('bob'), { name: 'Bob' }),
    ];
    const out = await pastCall(alice, bob);
    const back = await pastCall(bob, alice);
    const before = (await gateway.http(`/v1/calls/${out}/events`, { as: bob.userId })).body.items;
    await erase(alice.userId);

    const { body: history } = await gateway.http('/v1/calls', { as: bob.userId });
    expect(history.items).toMatchObject([
      {
        callId: back,
        direction: 'outgoing',
        outcome: 'completed',
        caller: { name: 'Bob' },
        callee: { userId: alice.userId, name: null },
        metadata: METADATA, // Bob's own
      },
      {
        callId: out,
        direction: 'incoming',
        outcome: 'completed',
        caller: { userId: alice.userId, name: null },
        callee: { name: 'Bob' },
        metadata: {},
      },
    ]);
    const { body: after } = await gateway.http(`/v1/calls/${out}/events`, { as: bob.userId });
    expect(after.items.map(({ type, at, version }) => ({ type, at, version }))).toEqual(
      before.map(({ type, at, version }) => ({ type, at, version })),
    );
    expect(after.items[0].data).toMatchObject({
      ...{ caller: { userId: alice.userId, name: null }, metadata: {} },
    });
    for (const path of ['', '/events', '/explain']) {
      expect((await gateway.http(`/v1/calls/${out}${path}`, { as: bob.userId })).text).not.toMatch(CANARY);
    }
    const { calls } = await bob.say('sync');
    expect(JSON.stringify(calls.filter(({ callId }) => callId === out))).not.toMatch(CANARY);
    expect(calls.find(({ callId }) => callId === out)).toMatchObject({ caller: { name: null } });
  });

  it('has no installs any more, and finds nothing of the old, while the token works on', async () => {
    const [alice, bob] = [
      await gateway.phone(somebody('alice'), { name: NAME }),
      await gateway.phone(somebody('bob')),
    ];
    const token = await gateway.token(alice.userId, NAME);
    await gateway.http('/v1/devices/tablet', {
      ...{ token, method: 'PUT', body: { platform: 'web', name: 'canary tablet' } },
    });
    const callId = await pastCall(alice, bob);
    const answers = await gateway.http('/v1/me', { token, method: 'DELETE' });
    expect(answers.status).toBe(204);
    expect((await gateway.http('/v1/devices', { token })).body.items).toEqual([]);
    expect((await gateway.http('/v1/calls', { token })).body.items).toEqual([]);
    expect((await gateway.http(`/v1/calls/${callId}`, { token })).text).not.toMatch(CANARY);
    const { body } = await gateway.http(`/v1/presence?userIds=${alice.userId}`, { as: bob.userId });
    expect(body).toEqual([{ userId: alice.userId, reachable: 'unreachable' }]);
    const stored = await everythingStored(gateway.database.url);
    expect(stored.filter((row) => CANARY.test(row))).toEqual([]);
    expect(
      stored.filter((row) => row.includes('DeviceUnregistered') && row.includes(alice.userId)),
    ).toHaveLength(1);
  });

  it('may be erased again, which records nothing more', async () => {
    const [alice, bob] = [
      await gateway.phone(somebody('alice'), { name: NAME }),
      await gateway.phone(somebody('bob')),
    ];
    await pastCall(alice, bob);
    await erase(alice.userId);
    await alice.hears('disconnect');
    const recorded = async (): Promise<string[]> =>
      (await everythingStored(gateway.database.url)).filter((row) => row.startsWith('events:'));
    const before = await recorded();
    await erase(alice.userId);
    await erase(alice.userId);
    await erase(somebody('nobody has ever heard of'));
    expect(await recorded()).toEqual(before);
  });

  it('begins anew when they come back', async () => {
    const [alice, bob] = [
      await gateway.phone(somebody('alice'), { name: NAME }),
      await gateway.phone(somebody('bob')),
    ];
    const old = await pastCall(alice, bob);
    await erase(alice.userId);
    await alice.hears('disconnect');
    const again = await gateway.phone(alice.userId, { name: 'A new Alice', deviceId: 'new-phone' });
    const callId = await again.calls(bob.userId, { metadata: { new: true } });
    await again.say('call:cancel', { callId });
    expect((await gateway.http('/v1/calls', { as: alice.userId })).body.items).toMatchObject([
      { callId, caller: { name: 'A new Alice' }, metadata: { new: true } },
    ]);
    expect((await gateway.http('/v1/calls', { as: bob.userId })).body.items).toMatchObject([
      { callId, caller: { name: 'A new Alice' } },
      { callId: old, caller: { name: null }, metadata: {} },
    ]);
  });

  it('leaves a ringing call, which ends for both and has rung for a reason that is explained', async () => {
    const [alice, bob] = [
      await gateway.phone(somebody('alice'), { name: NAME }),
      await gateway.phone(somebody('bob')),
    ];
    const callId = await alice.calls(bob.userId, { metadata: METADATA });
    await bob.hears('call:incoming');
    await bob.say('call:ringing', { callId });
    await erase(alice.userId);
    const { call } = await bob.hears('call:ended');
    expect(call).toMatchObject({
      ...{ callId, outcome: 'failed', endReason: 'participant_erased' },
      ...{ caller: { name: null }, metadata: {} },
    });
    await alice.hears('call:ended', (told) => told.call.callId === callId);
    expect(await bob.say('call:answer', { callId })).toMatchObject({
      error: { code: 'CALL_ALREADY_ENDED' },
    });
    const { body } = await gateway.http(`/v1/calls/${callId}/explain`, { as: bob.userId });
    expect(body).toMatchObject({
      code: 'participant_erased',
      verdict: 'The call ended before anybody answered, because one of its two users was erased.',
    });
    const withOutcome = async (outcome: string): Promise<unknown[]> =>
      (await gateway.http(`/v1/calls?outcome=${outcome}`, { as: bob.userId })).body.items;
    expect(await withOutcome('failed')).toMatchObject([{ callId }]);
    expect(await withOutcome('completed')).toEqual([]);
    const jobs = (await everythingStored(gateway.database.url)).filter((row) => row.startsWith('jobs:'));
    expect(
      jobs.filter((row) => row.includes(`wake ${callId}`) || row.includes(`ring-timeout ${callId}`)),
    ).toEqual([]);
    // The pair is free again.
    expect(
      await bob.say('call:initiate', { callId: randomUUID(), callee: alice.userId, media: 'voice' }),
    ).toMatchObject({
      ok: true,
      call: { state: 'initiated' },
    });
  });

  it('leaves an answered call, whichever side they were on', async () => {
    const [alice, bob] = [
      await gateway.phone(somebody('alice')),
      await gateway.phone(somebody('bob'), { name: 'Canary Bob' }),
    ];
    const callId = await alice.calls(bob.userId, { metadata: { mine: 1 } });
    await bob.say('call:answer', { callId });
    await alice.hears('call:answered', ({ call }) => call.callee.name === 'Canary Bob');
    await erase(bob.userId);
    const { call } = await alice.hears('call:ended');
    expect(call).toMatchObject({
      ...{ outcome: 'completed', endReason: 'participant_erased', metadata: { mine: 1 } },
      callee: { userId: bob.userId, name: null },
    });
    const { body } = await gateway.http(`/v1/calls/${callId}/explain`, { as: alice.userId });
    expect(body).toMatchObject({ code: 'answered' });
    expect(body.verdict).toMatch(/answered after .* It ended because one of its two users was erased\.$/);
  });

  it('is told on every socket, and disconnected', async () => {
    const userId = somebody('alice');
    const phones = [
      await gateway.phone(userId, { deviceId: 'one' }),
      await gateway.phone(userId, { deviceId: 'two' }),
    ];
    await erase(userId);
    for (const phone of phones) {
      await phone.hears('disconnect');
      expect(phone.all('session:expired')).toEqual([{}]);
    }
  });

  it('takes along what was asked for under the second name of a merged call', async () => {
    const [alice, bob] = [await gateway.phone(somebody('alice')), await gateway.phone(somebody('bob'))];
    await alice.calls(bob.userId);
    const second = { callId: randomUUID(), callee: alice.userId, media: 'voice', metadata: METADATA };
    expect(await bob.say('call:initiate', second)).toMatchObject({ ok: true, merged: true });
    expect(await bob.say('call:initiate', second)).toMatchObject({ ok: true, merged: true });
    expect(
      await bob.say('call:initiate', { ...second, metadata: { ...METADATA, room: 'another' } }),
    ).toMatchObject({ error: { code: 'CALL_ID_CONFLICT' } });
    const alias = async (): Promise<string | undefined> =>
      (await everythingStored(gateway.database.url)).find((row) => row.includes(`alias ${second.callId}`));
    expect(await alias()).not.toMatch(CANARY);
    // Only a hash under bob's key is kept: it goes with the key, and what he asked for can no longer be told.
    await erase(bob.userId);
    const keys = (await everythingStored(gateway.database.url)).filter((row) => row.startsWith('user_keys:'));
    expect(keys.filter((row) => row.includes(bob.userId))).toEqual([]);
    const again = await gateway.phone(bob.userId);
    expect(await again.say('call:initiate', second)).toMatchObject({ error: { code: 'CALL_ID_CONFLICT' } });
  });
});

describe('personal data from before there were keys', () => {
  it('reads as it did, until its owner is erased', async () => {
    const gateway = await testGateway();
    const [alice, bob] = [await gateway.phone('alice', { name: 'x' }), await gateway.phone('bob')];
    const callId = await pastCall(alice, bob);
    const client = new pg.Client({ connectionString: gateway.database.url });
    await client.connect();
    // As an older gateway recorded it.
    await client.query(`set ringway.forgetting = 'on'`);
    await client.query(
      `update events set data = data - 'sealed' || jsonb_build_object('metadata', $2::jsonb,
         'caller', data -> 'caller' || jsonb_build_object('name', $3::text))
        where type = 'CallInitiated' and stream_id = 'call-' || $1`,
      [callId, METADATA, NAME],
    );
    await client.query(
      `update events set data = data - 'sealed' || '{"name": "Canary Bob"}' where type = 'CallAnswered'`,
    );
    await client.end();
    const look = async () => (await gateway.http(`/v1/calls/${callId}`, { as: 'bob' })).body;
    expect(await look()).toMatchObject({
      ...{ caller: { name: NAME }, callee: { name: 'Canary Bob' }, metadata: METADATA },
    });
    await gateway.http('/v1/me', { as: 'alice', method: 'DELETE' });
    expect(await look()).toMatchObject({
      ...{ caller: { name: null }, callee: { name: 'Canary Bob' }, metadata: {} },
    });
    await gateway.http('/v1/me', { as: 'bob', method: 'DELETE' });
    expect(await look()).toMatchObject({ caller: { name: null }, callee: { name: null }, metadata: {} });
    const stored = await everythingStored(gateway.database.url);
    expect(stored.filter((row) => CANARY.test(row))).toEqual([]);
    await gateway.stop();
  });
});
