import { randomUUID } from 'node:crypto';
import { type PushingGateway, pushingGateway } from '../../support/pushing.js';
import { type HttpAnswer, eventually } from '../../support/gateway.js';

const OPERATOR = 'openid ringway:operator';

describe('an operator', () => {
  let gateway: PushingGateway;
  let token: string;
  let made: Record<'talked' | 'healed' | 'cancelled' | 'failed' | 'rings', string>;
  const ask = (path: string): Promise<HttpAnswer> => gateway.http(`/v1/operator${path}`, { token });
  beforeAll(async () => {
    gateway = await pushingGateway();
    token = await gateway.token('olga', undefined, OPERATOR);
    const [alice, bob] = [await gateway.phone('alice'), await gateway.phone('bob')];
    const talked = await alice.calls('bob', { media: 'video' });
    await bob.say('call:ringing', { callId: talked });
    await bob.say('call:answer', { callId: talked });
    await alice.say('call:end', { callId: talked });
    const iphone = await gateway.iphone('wrong', { environment: 'sandbox', declared: 'production' });
    const healed = await alice.calls('wrong');
    const { payload } = await gateway.simulator.nextDelivery(iphone.token);
    const action = { token: payload.actionToken as string, method: 'POST' };
    await alice.hears('call:progress', ({ step }) => step === 'push-accepted');
    await gateway.http(`/v1/calls/${healed}/ringing`, action);
    await gateway.http(`/v1/calls/${healed}/decline`, action);
    const cancelled = await bob.calls('alice');
    await bob.say('call:cancel', { callId: cancelled });
    const failed = await bob.calls('nobody');
    await bob.hears('call:failed');
    const rings = await bob.calls('alice');
    await alice.say('call:ringing', { callId: rings });
    made = { talked, healed, cancelled, failed, rings };
  });
  afterAll(() => gateway.stop());

  const names = async (query: string): Promise<string[]> => {
    const nameOf = new Map(Object.entries(made).map(([name, callId]) => [callId, name]));
    return (await ask(`/calls${query}`)).body.items.map(({ callId }) => nameOf.get(callId as string) ?? '?');
  };

  it('sees everybody’s calls, newest first', async () => {
    expect(await names('')).toEqual(['rings', 'failed', 'cancelled', 'healed', 'talked']);
    const { body } = await ask('/calls');
    expect(body.items.at(-1)).toEqual((await gateway.http(`/v1/calls/${made.talked}`, { as: 'bob' })).body);
  });

  it.each([
    ['?user=alice', ['rings', 'cancelled', 'healed', 'talked']],
    ['?user=wrong', ['healed']],
    ['?user=nowhere', []],
    ['?outcome=completed', ['talked']],
    ['?outcome=declined', ['healed']],
    ['?outcome=busy', []],
    ['?outcome=cancelled', ['cancelled']],
    ['?outcome=missed', []],
    ['?outcome=failed', ['failed']],
    ['?state=initiated', []],
    ['?state=ringing', ['rings']],
    ['?state=answered', []],
    ['?state=ended', ['failed', 'cancelled', 'healed', 'talked']],
    ['?user=bob&state=ended&outcome=completed', ['talked']],
    ['?to=2020-01-01', []],
    ['?from=2020-01-01&limit=2', ['rings', 'failed']],
  ])('finds calls with %s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it('pages through them, each once', async () => {
    for (const filter of ['', '&user=alice']) {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body }: HttpAnswer = await ask(`/calls?limit=2${filter}${cursor && `&cursor=${cursor}`}`);
        seen.push(...body.items.map(({ callId }) => callId as string));
        cursor = body.nextCursor;
      }
      const whole = (await ask(`/calls?limit=100${filter}`)).body.items.map(({ callId }) => callId as string);
      expect(seen).toEqual(whole);
    }
  });

  it('asks again without cost while nothing has changed', async () => {
    const before = await ask('/calls');
    // Node's fetch would ask for the whole answer otherwise.
    const headers = { 'if-none-match': before.headers.get('etag')!, 'cache-control': 'max-age=0' };
    expect(await gateway.http('/v1/operator/calls', { token, headers })).toMatchObject({
      status: 304,
      text: '',
    });
  });

  it('reads of any call what its participants read', async () => {
    for (const part of ['', '/events', '/explain']) {
      const theirs = await gateway.http(`/v1/calls/${made.healed}${part}`, { as: 'alice' });
      expect((await ask(`/calls/${made.healed}${part}`)).body).toEqual(theirs.body);
    }
    for (const part of ['', '/events', '/explain']) {
      expect(await ask(`/calls/${randomUUID()}${part}`)).toMatchObject({
        ...{ status: 404, body: { code: 'CALL_NOT_FOUND' } },
      });
    }
  });

  it('gets the figures of a span of time', async () => {
    const { body } = await ask('/overview');
    expect(body.calls).toMatchObject({ total: 5, live: 1 });
    expect(body.calls.series.reduce((sum: number, { calls }: { calls: number }) => sum + calls, 0)).toBe(5);
    expect(Date.parse(body.to as string) - Date.parse(body.from as string)).toBe(86_400_000);
    const shares = Object.fromEntries(
      body.outcomes.map(({ outcome, calls }: { outcome: string; calls: number }) => [outcome, calls]),
    ) as object;
    expect(shares).toEqual({ completed: 1, declined: 1, busy: 0, cancelled: 1, missed: 0, failed: 1 });
    const rings = await Promise.all(
      [made.talked, made.healed, made.rings].map(async (callId) => (await ask(`/calls/${callId}`)).body),
    );
    const tookMs = rings
      .map(
        ({ initiatedAt, ringingAt }) => Date.parse(ringingAt as string) - Date.parse(initiatedAt as string),
      )
      .sort((a, b) => a - b);
    expect(body.timeToRing).toMatchObject({ measured: 3, medianMs: tookMs[1] });
    expect(body.timeToRing.p99Ms).toBeGreaterThan(tookMs[1]!);
    expect(body.timeToRing.p99Ms).toBeLessThanOrEqual(tookMs[2]!);
    expect(body.pushes).toEqual([
      { result: 'accepted', provider: 'apns', environment: 'sandbox', status: 200, reason: null, count: 1 },
      {
        ...{ result: 'environment-corrected', provider: 'apns', environment: 'sandbox' },
        ...{ status: null, reason: null, count: 1 },
      },
      // Recorded with the answer of the other environment.
      {
        ...{ result: 'rejected', provider: 'apns', environment: 'production' },
        ...{ status: 400, reason: 'BadDeviceToken', count: 1 },
      },
    ]);
    await eventually(
      async () => (await ask('/overview')).body.sockets as object,
      (sockets) => JSON.stringify(sockets) === JSON.stringify({ node: 2, cluster: 2, nodes: 1 }),
    );
    const none = await ask('/overview?from=2020-01-01&to=2020-01-02');
    expect(none.body).toMatchObject({
      calls: { total: 0, live: 0, stepSeconds: 900 },
      timeToRing: { measured: 0, medianMs: null, p99Ms: null },
      pushes: [],
    });
    expect(none.body.calls.series).toHaveLength(96);
  });

  it.each([
    ['/calls?limit=0', 'limit'],
    ['/calls?state=over', 'state'],
    ['/calls?outcome=lost', 'outcome'],
    ['/calls?user=', 'user'],
    ['/calls?from=yesterday', 'from'],
    ['/calls?cursor=garbage', 'cursor'],
    ['/calls/7', 'callId'],
    ['/overview?from=2020-01-02&to=2020-01-01', 'from'],
    ['/overview?from=2020-01-01&to=2021-01-01', 'from'],
  ])('is told what is wrong with %s', async (path, field) => {
    expect(await ask(path)).toMatchObject({ status: 422, body: { details: [{ path: field }] } });
  });

  it('is nobody without the scope: not a user, not a woken phone, not a stranger', async () => {
    const { callId, token: pushToken } = await woken();
    const push = await gateway.simulator.nextDelivery(pushToken);
    for (const path of [
      '/calls',
      `/calls/${callId}`,
      `/calls/${callId}/events`,
      `/calls/${callId}/explain`,
      '/overview',
    ]) {
      const refused = async (bearer?: string): Promise<unknown[]> => {
        const { status, body } = await gateway.http(`/v1/operator${path}`, { token: bearer });
        return [status, body.code];
      };
      expect(await refused()).toEqual([401, 'UNAUTHENTICATED']);
      expect(await refused(push.payload.actionToken as string)).toEqual([403, 'NOT_ALLOWED']);
      for (const scope of [undefined, 'ringway', 'ringway:operators', 'ringway:operator,openid']) {
        expect(await refused(await gateway.token('alice', undefined, scope))).toEqual([403, 'NOT_ALLOWED']);
      }
    }
  });

  it('may not see as an operator what only a participant may do', async () => {
    expect(await gateway.http(`/v1/calls/${made.talked}`, { token })).toMatchObject({ status: 404 });
    const ending = { token, method: 'POST' };
    expect(await gateway.http(`/v1/calls/${made.rings}/end?deviceId=x`, ending)).toMatchObject({
      status: 404,
    });
  });

  const woken = async (): Promise<{ callId: string; token: string }> => {
    const caller = await gateway.phone('carol');
    const iphone = await gateway.iphone('dave');
    return { callId: await caller.calls('dave'), token: iphone.token };
  };
});
