import { randomUUID } from 'node:crypto';
import { type HttpAnswer, type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';

describe('calls over HTTP', () => {
  let gateway: TestGateway;
  let bob: Phone;
  beforeAll(async () => {
    gateway = await testGateway();
    bob = await gateway.phone('bob');
  });
  afterAll(() => gateway.stop());

  const post = (as: string, path: string, body?: unknown, device = 'laptop'): Promise<HttpAnswer> =>
    gateway.http(`/v1/calls${path}?deviceId=${device}`, { as, method: 'POST', body });
  const initiate = async (more: object = {}): Promise<string> => {
    const callId = randomUUID();
    const answer = await post('alice', '', { callId, callee: 'bob', media: 'voice', ...more });
    expect(answer).toMatchObject({ status: 201, body: { call: { callId } } });
    return callId;
  };

  it('begin with 201, and 200 when repeated; the callee’s phone rings', async () => {
    const body = { callId: randomUUID(), callee: 'bob', media: 'video', metadata: { a: 1 } };
    const first = await post('alice', '', body);
    expect(first).toMatchObject({
      status: 201,
      body: { call: { ...body, callee: { userId: 'bob' }, version: 1 } },
    });
    const again = await post('alice', '', body);
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(await bob.hears('call:incoming', ({ call }) => call.callId === body.callId)).toMatchObject({
      call: first.body.call,
    });
    await post('alice', `/${body.callId}/cancel`);
  });

  it('go through all states with one request each, without a body', async () => {
    await gateway.http('/v1/devices/bob-web', { as: 'bob', method: 'PUT', body: { platform: 'web' } });
    const callId = await initiate();
    const state = async (as: string, command: string): Promise<unknown> => {
      const { status, body } = await post(as, `/${callId}/${command}`, undefined, `${as}-web`);
      expect(Object.keys(body)).toEqual(['call']);
      return [status, body.call.state, body.call.version, body.call.answeredBy];
    };
    expect(await state('bob', 'ringing')).toEqual([200, 'ringing', 2, null]);
    expect(await state('bob', 'answer')).toEqual([200, 'answered', 3, 'bob-web']);
    expect(await state('alice', 'end')).toEqual([200, 'ended', 4, 'bob-web']);
    for (const again of ['end', 'decline', 'cancel'])
      expect(await state('bob', again)).toEqual([200, 'ended', 4, 'bob-web']);
    const { body } = await gateway.http(`/v1/calls/${callId.toUpperCase()}`, { as: 'alice' });
    expect(body).toMatchObject({
      callId,
      state: 'ended',
      outcome: 'completed',
      endReason: 'hangup',
      version: 4,
    });
  });

  it.each([
    [undefined, 'declined'],
    [{}, 'declined'],
    [{ reason: 'declined' }, 'declined'],
    [{ reason: 'busy' }, 'busy'],
  ])('are declined with the body %j as %s', async (body, outcome) => {
    const callId = await initiate();
    expect(await post('bob', `/${callId}/decline`, body)).toMatchObject({
      status: 200,
      body: { call: { outcome } },
    });
  });

  it('are refused with the status of the code', async () => {
    const callId = await initiate();
    const refusal = async (as: string, command: string, body?: unknown): Promise<unknown> => {
      const answer = await post(as, command, body);
      return [answer.status, answer.body.code];
    };
    const call = { callId, callee: 'bob', media: 'voice' };
    expect(await refusal('alice', '', { ...call, callee: 'alice' })).toEqual([422, 'SELF_CALL']);
    expect(await refusal('alice', '', { ...call, media: 'video' })).toEqual([409, 'CALL_ID_CONFLICT']);
    expect(await refusal('eve', '', call)).toEqual([409, 'CALL_ID_CONFLICT']);
    expect(await refusal('alice', `/${callId}/answer`)).toEqual([403, 'NOT_ALLOWED']);
    expect(await refusal('bob', `/${callId}/cancel`)).toEqual([403, 'NOT_ALLOWED']);
    expect(await refusal('alice', `/${callId}/end`)).toEqual([409, 'NOT_ANSWERED']);
    for (const command of ['ringing', 'answer', 'decline', 'end']) {
      expect(await refusal('eve', `/${callId}/${command}`)).toEqual([404, 'CALL_NOT_FOUND']);
      expect(await refusal('bob', `/${randomUUID()}/${command}`)).toEqual([404, 'CALL_NOT_FOUND']);
    }
    expect(await post('eve', `/${callId}/cancel`)).toMatchObject({ status: 200, body: { call: null } });
    await post('bob', `/${callId}/answer`);
    expect(await refusal('alice', `/${callId}/cancel`)).toEqual([409, 'ALREADY_ANSWERED']);
    expect(await refusal('bob', `/${callId}/decline`)).toEqual([409, 'ALREADY_ANSWERED']);
    expect((await post('bob', `/${callId}/answer`, undefined, 'watch')).body.code).toBe('ANSWERED_ELSEWHERE');
    await post('alice', `/${callId}/end`);
    expect(await refusal('bob', `/${callId}/answer`)).toEqual([409, 'CALL_ALREADY_ENDED']);
    expect(await refusal('bob', `/${callId}/ringing`)).toEqual([409, 'CALL_ALREADY_ENDED']);
  });

  it('say which device acts: ?deviceId= is needed and checked', async () => {
    const callId = await initiate();
    const asks = (query: string, path: string): Promise<HttpAnswer> =>
      gateway.http(`/v1/calls${path}${query}`, {
        as: 'bob',
        method: 'POST',
        body: { callId: randomUUID(), callee: 'eve', media: 'voice' },
      });
    for (const path of [
      '',
      `/${callId}/ringing`,
      `/${callId}/answer`,
      `/${callId}/cancel`,
      `/${callId}/end`,
    ]) {
      for (const query of [
        '',
        '?deviceId=',
        '?deviceId=two%20words',
        `?deviceId=${'x'.repeat(129)}`,
        '?deviceId=a&deviceId=b',
        '?device=a',
        '?deviceId=%00',
      ]) {
        const answer = await asks(query, path);
        expect(answer).toMatchObject({
          status: 422,
          body: { code: 'INVALID', details: [{ path: 'deviceId' }] },
        });
      }
    }
    expect(await gateway.recorded(callId, 'alice')).toEqual(['CallInitiated']);
    await post('alice', `/${callId}/cancel`);
  });

  it('name every field that is wrong', async () => {
    const { status, body } = await post('alice', '', { callId: 'x', media: 'fax', metadata: [] });
    expect(status).toBe(422);
    expect(body.details.map(({ path }) => path).sort()).toEqual(['callId', 'callee', 'media', 'metadata']);
    const ofPath = await gateway.http('/v1/calls/not-a-uuid', { as: 'alice' });
    expect(ofPath).toMatchObject({ status: 422, body: { code: 'INVALID', details: [{ path: 'callId' }] } });
  });

  it('exist for their two participants only', async () => {
    const callId = await initiate();
    for (const path of [`/v1/calls/${callId}`, `/v1/calls/${callId}/events`, `/v1/calls/${callId}/explain`]) {
      for (const as of ['alice', 'bob']) expect((await gateway.http(path, { as })).status).toBe(200);
      expect(await gateway.http(path, { as: 'eve' })).toMatchObject({
        status: 404,
        body: { code: 'CALL_NOT_FOUND' },
      });
      expect(await gateway.http(path)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    }
    expect((await gateway.http('/v1/calls', { as: 'eve' })).body).toEqual({ items: [], nextCursor: null });
    await post('alice', `/${callId}/cancel`);
  });

  it('are merged when both call each other, and known under both ids', async () => {
    const first = await initiate();
    const second = randomUUID();
    const merged = await post('bob', '', { callId: second, callee: 'alice', media: 'voice' }, 'bob-web');
    expect(merged.body).toMatchObject({
      merged: true,
      call: { callId: first, state: 'answered', answeredBy: 'bob-web' },
    });
    expect((await gateway.http(`/v1/calls/${second}`, { as: 'alice' })).body).toMatchObject({
      callId: first,
    });
    expect(await post('alice', `/${second}/end`)).toMatchObject({
      status: 200,
      body: { call: { callId: first, outcome: 'completed' } },
    });
  });

  it('are in the history of who acted the moment it is acknowledged', async () => {
    const newest = async (as: string): Promise<unknown> => {
      const { body } = await gateway.http('/v1/calls?limit=1', { as });
      const { callId, state, outcome } = body.items[0] as Record<string, unknown>;
      return { callId, state, outcome };
    };
    for (let round = 0; round < 25; round++) {
      const callId = await initiate();
      expect(await newest('alice')).toMatchObject({ callId, outcome: null });
      await bob.say('call:answer', { callId });
      expect(await newest('bob')).toEqual({ callId, state: 'answered', outcome: null });
      await post('alice', `/${callId}/end`);
      expect(await newest('alice')).toEqual({ callId, state: 'ended', outcome: 'completed' });
    }
  });
});
