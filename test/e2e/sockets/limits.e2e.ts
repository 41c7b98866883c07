import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import { until } from '../../support/until.js';
import type { Told } from '../../support/phone.js';

describe('limits', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ RATE_LIMIT_EVENTS_PER_SECOND: '5', RATE_LIMIT_CALLS_PER_MINUTE: '3' });
  });
  afterAll(() => gateway.stop());

  const limited = {
    ok: false,
    error: {
      code: 'RATE_LIMITED',
      message: expect.any(String) as string,
      retryable: true,
      retryAfterMs: expect.any(Number) as number,
    },
  };

  it('let a socket say four seconds’ worth at once, then tell it when to try again, and mean it', async () => {
    const alice = await gateway.phone('alice');
    const answers = await Promise.all(Array.from({ length: 25 }, () => alice.say('sync')));
    expect(answers.slice(0, 20).map(({ ok }) => ok)).toEqual(Array<boolean>(20).fill(true));
    for (const answer of answers.slice(20)) expect(answer).toEqual(limited);
    const { retryAfterMs } = answers.at(-1)!.error;
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(200);
    await pause(retryAfterMs! + 5);
    const unknown = await Promise.all(Array.from({ length: 25 }, () => alice.say('no:such-event')));
    expect(unknown[0]).toMatchObject({ error: { code: 'UNKNOWN_EVENT' } });
    expect(unknown.at(-1)).toEqual(limited);
  });

  it('of one socket are not those of another', async () => {
    const [alice, bob] = [await gateway.phone('alice2'), await gateway.phone('bob2')];
    await Promise.all(Array.from({ length: 25 }, () => alice.say('sync')));
    expect(await bob.say('sync')).toMatchObject({ ok: true });
  });

  it('let a user start so many calls a minute, over sockets and HTTP together', async () => {
    const callee = await gateway.phone('callee');
    const carol = await gateway.phone('carol');
    const call = (): Promise<Told> =>
      carol.say('call:initiate', { callId: randomUUID(), callee: 'callee', media: 'voice' });
    const started = await Promise.all([call(), call(), call()]);
    expect(started).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
    const refused = await call();
    expect(refused).toEqual(limited);
    expect(refused.error.retryAfterMs).toBeGreaterThan(15_000);
    expect(refused.error.retryAfterMs).toBeLessThanOrEqual(20_000);

    const body = { callId: randomUUID(), callee: 'callee', media: 'voice' };
    const overHttp = await gateway.http('/v1/calls?deviceId=laptop', { as: 'carol', body });
    expect(overHttp).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', status: 429 } });
    expect(Number(overHttp.headers.get('retry-after'))).toBeGreaterThan(15);
    expect((await gateway.http(`/v1/calls/${body.callId}`, { as: 'carol' })).status).toBe(404);
    expect(await callee.say('call:answer', { callId: started.at(-1)!.call.callId })).toMatchObject({
      ok: true,
    });
  });
});

describe('answers that are large', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ RATE_LIMIT_EVENTS_PER_SECOND: '100', RATE_LIMIT_CALLS_PER_MINUTE: '100' });
  });
  afterAll(() => gateway.stop());

  it('count with what their user sends, so that asking for them again and again ends, whichever way', async () => {
    const [alice, bob] = [await gateway.phone('alice'), await gateway.phone('bob')];
    const metadata = { text: 'x'.repeat(2_000) };
    for (let nr = 0; nr < 90; nr++) {
      const callId = randomUUID();
      await alice.say('call:initiate', { callId, callee: 'nobody', media: 'voice', metadata });
      await alice.say('call:cancel', { callId });
    }
    // 200 kB each, and 8 MiB may come at once.
    const spent = (answer: Told): boolean => /bytes/.test(answer.error?.message ?? '');
    const syncs = (count: number): Promise<Told[]> =>
      Promise.all(Array.from({ length: count }, () => alice.say('sync')));
    const answers = await syncs(100);
    expect(answers[0]).toMatchObject({ ok: true });
    const refused = answers.find(spent);
    expect(refused).toMatchObject({
      ok: false,
      error: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: expect.any(Number) as number },
    });
    expect(await bob.say('sync')).toMatchObject({ ok: true });
    await until(async () => {
      const [, history] = await Promise.all([syncs(10), gateway.http('/v1/calls?limit=1', { as: 'alice' })]);
      return history.status === 429 && /bytes/.test(String(history.body.detail));
    });
    await until(async () => (await alice.say('sync')).ok);
  });
});
