import { randomUUID } from 'node:crypto';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';

const superseded = { state: 'ended', outcome: 'cancelled', endReason: 'superseded' };

describe.each(['ring', 'reject'])('who calls the same person again, with BUSY_POLICY=%s,', (policy) => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ BUSY_POLICY: policy });
  });
  afterAll(() => gateway.stop());

  /** Two people nobody else in this file knows. */
  const aPair = async (): Promise<{ caller: Phone; callee: Phone }> => {
    const [caller, callee] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
    return { caller: await gateway.phone(caller), callee: await gateway.phone(callee) };
  };

  it('has one call that rings: the new one; the first is cancelled and says why', async () => {
    const { caller, callee } = await aPair();
    const first = await caller.calls(callee.userId);
    await callee.say('call:ringing', { callId: first });
    const second = await caller.calls(callee.userId);
    const cancelled = await callee.hears('call:cancelled', ({ call }) => call.callId === first);
    expect(cancelled.call).toMatchObject(superseded);
    await callee.hears('call:incoming', ({ call }) => call.callId === second);
    expect(await callee.say('call:answer', { callId: second })).toMatchObject({ ok: true });
    expect(await callee.say('call:answer', { callId: first })).toMatchObject({
      error: { code: 'CALL_ALREADY_ENDED' },
    });
  });

  it('from another device takes over from there', async () => {
    const { caller, callee } = await aPair();
    const tablet = await gateway.phone(caller.userId, { deviceId: 'tablet' });
    const first = await caller.calls(callee.userId);
    const second = await tablet.calls(callee.userId);
    const { call, by } = await caller.hears('call:cancelled', ({ call: heard }) => heard.callId === first);
    expect({ call, by }).toMatchObject({ call: superseded, by: { deviceId: 'tablet' } });
    expect((await callee.say('call:answer', { callId: second })).ok).toBe(true);
  });

  it('many times at once leaves one call that rings, and every command is answered well', async () => {
    const { caller, callee } = await aPair();
    const ids = Array.from({ length: 30 }, () => randomUUID());
    const told = await Promise.all(
      ids.map((callId) => caller.say('call:initiate', { callId, callee: callee.userId, media: 'voice' })),
    );
    expect(told.map(({ ok }) => ok)).toEqual(ids.map(() => true));
    const { calls } = await callee.say('sync');
    const live = calls.filter(({ state }) => state !== 'ended');
    expect(live).toHaveLength(1);
    expect(calls.filter(({ state }) => state === 'ended')).toEqual(
      Array.from({ length: 29 }, () => expect.objectContaining(superseded) as unknown),
    );
  });

  it('by repeating the command of the first call, repeats just that', async () => {
    const { caller, callee } = await aPair();
    const initiation = { callId: randomUUID(), callee: callee.userId, media: 'voice' };
    await caller.say('call:initiate', initiation);
    const second = await caller.calls(callee.userId);
    expect((await caller.say('call:initiate', initiation)).call).toMatchObject(superseded);
    expect((await callee.say('call:answer', { callId: second })).ok).toBe(true);
  });

  it('is told why in the explanation of the first call', async () => {
    const { caller, callee } = await aPair();
    const first = await caller.calls(callee.userId);
    await callee.say('call:ringing', { callId: first });
    await caller.calls(callee.userId);
    const { body } = await gateway.http(`/v1/calls/${first}/explain`, { as: caller.userId });
    expect(body.code).toBe('rang_cancelled');
    expect(body.verdict).toMatch(/and the caller called again after/);
  });

  it('has been answered meanwhile: that call goes on', async () => {
    const { caller, callee } = await aPair();
    const first = await caller.calls(callee.userId);
    await callee.say('call:answer', { callId: first });
    const second = await caller.say('call:initiate', {
      callId: randomUUID(),
      callee: callee.userId,
      media: 'voice',
    });
    expect(second.call.outcome).toBe(policy === 'reject' ? 'busy' : null);
    const { body } = await gateway.http(`/v1/calls/${first}`, { as: caller.userId });
    expect(body.state).toBe('answered');
  });
});
