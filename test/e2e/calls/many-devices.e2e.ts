import { randomUUID } from 'node:crypto';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';

describe('a callee with fifty devices', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bobs: Phone[];
  beforeAll(async () => {
    gateway = await testGateway();
    alice = await gateway.phone('alice');
    bobs = [];
    for (let nr = 0; nr < 50; nr++) bobs.push(await gateway.phone('bob', { deviceId: `bob-${nr}` }));
  });
  afterAll(() => gateway.stop());

  it('all of which ring at the same instant, is answered on every one of them', async () => {
    const callId = await alice.calls('bob');
    const told = await Promise.all(bobs.map((bob) => bob.say('call:ringing', { callId })));
    expect(told.filter(({ ok }) => !ok)).toEqual([]);
    const recorded = await gateway.recorded(callId, 'bob');
    expect(recorded).toEqual(['CallInitiated', ...bobs.map(() => 'CallRinging')]);
    await alice.say('call:cancel', { callId });
  });

  it('that ring while one of them answers and the caller gives up, gets an answer for each', async () => {
    const callId = await alice.calls('bob');
    const told = await Promise.all([
      ...bobs.slice(0, 40).map((bob) => bob.say('call:ringing', { callId })),
      ...bobs.slice(40).map((bob) => bob.say('call:answer', { callId })),
      alice.say('call:cancel', { callId }),
    ]);
    const codes = new Set(told.map(({ ok, error }) => (ok ? 'ok' : error.code)));
    for (const code of codes)
      expect(['ok', 'ANSWERED_ELSEWHERE', 'ALREADY_ANSWERED', 'CALL_ALREADY_ENDED']).toContain(code);
    await alice.say('call:end', { callId });
  });
});

describe('the history of a call', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());
  const rings = (callId: string, deviceId: string) =>
    gateway.http(`/v1/calls/${callId}/ringing?deviceId=${deviceId}`, { as: 'bob', method: 'POST' });

  it('holds no device that was never asked, is not connected and is not registered', async () => {
    const alice = await gateway.phone('alice');
    await gateway.phone('bob');
    const callId = await alice.calls('bob');
    const told = await Promise.all(Array.from({ length: 20 }, (_, nr) => rings(callId, `made-up-${nr}`)));
    expect(told.map(({ status, body }) => [status, body.code])).toEqual(told.map(() => [403, 'NOT_ALLOWED']));
    expect(await gateway.recorded(callId, 'bob')).toEqual(['CallInitiated']);
    await alice.say('call:cancel', { callId });
  });

  it('holds a device that is connected, one that is registered, and one that was connected when it was asked', async () => {
    const alice = await gateway.phone('alice');
    const gone = await gateway.phone('bob', { deviceId: 'gone' });
    await gateway.phone('bob', { deviceId: 'connected' });
    await gateway.http('/v1/devices/registered', { as: 'bob', method: 'PUT', body: { platform: 'web' } });
    const callId = await alice.calls('bob');
    await gone.hears('call:incoming', ({ call }) => call.callId === callId);
    await gone.caughtUp();
    gone.disconnect();
    for (const deviceId of ['connected', 'registered', 'gone'])
      expect((await rings(callId, deviceId)).status).toBe(200);
    await alice.say('call:cancel', { callId });
  });

  it('tells a stranger with a made-up device what it tells about a call that does not exist', async () => {
    const alice = await gateway.phone('alice');
    await gateway.phone('bob');
    const ask = async (id: string) => {
      const path = `/v1/calls/${id}/ringing?deviceId=made-up`;
      return (await gateway.http(path, { as: 'mallory', method: 'POST' })).text;
    };
    expect(await ask(await alice.calls('bob'))).toBe(await ask(randomUUID()));
  });
});
