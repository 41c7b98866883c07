import { randomUUID } from 'node:crypto';
import { type TestGateway, testGateway } from '../../support/gateway.js';

describe('two people who call each other', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());

  it('are in one call, answered, under both ids', async () => {
    const alice = await gateway.phone('alice');
    const bob = await gateway.phone('bob');
    const first = await alice.calls('bob');
    const second = randomUUID();
    const initiation = { callId: second, callee: 'alice', media: 'voice' };
    const merged = await bob.say('call:initiate', initiation);
    expect(merged).toMatchObject({
      ok: true,
      merged: true,
      call: { callId: first, state: 'answered', answeredBy: 'bob-phone' },
    });
    await alice.hears('call:answered', ({ call }) => call.callId === first);
    expect(await bob.say('call:initiate', initiation)).toMatchObject({
      ok: true,
      merged: true,
      call: { callId: first },
    });
    const other = await bob.say('call:initiate', { ...initiation, media: 'video' });
    expect(other).toMatchObject({ ok: false, error: { code: 'CALL_ID_CONFLICT' } });
    const seen = await gateway.http(`/v1/calls/${second}`, { as: 'alice' });
    expect(seen.body).toMatchObject({ callId: first });
    expect(await bob.say('call:end', { callId: second })).toMatchObject({
      ok: true,
      call: { callId: first, outcome: 'completed' },
    });
    const history = await gateway.http('/v1/calls', { as: 'bob' });
    expect(history.body.items).toHaveLength(1);
  });

  it('are not merged by the repetition of a call that has been answered since', async () => {
    const carol = await gateway.phone('carol');
    const dave = await gateway.phone('dave');
    const first = { callId: randomUUID(), callee: 'dave', media: 'voice' };
    await carol.say('call:initiate', first);
    await dave.say('call:answer', { callId: first.callId });
    const second = await dave.calls('carol');
    const again = await carol.say('call:initiate', first); // the answer to the first one got lost
    expect(again).toMatchObject({ ok: true, call: { callId: first.callId, state: 'answered' } });
    expect(again.merged).toBeUndefined();
    expect(await gateway.recorded(second, 'dave')).toEqual(['CallInitiated']);
  });
});
