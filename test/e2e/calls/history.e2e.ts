import { randomUUID } from 'node:crypto';
import { type HttpAnswer, type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';

const RING_MS = 1_600;
const TALK_MS = 2_600;

const seconds = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 1_000);

describe('the history', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  let carol: Phone;
  let made: Record<'talked' | 'missed' | 'declined' | 'busy' | 'cancelled' | 'failed', string>;
  let halfway: string;
  beforeAll(async () => {
    gateway = await testGateway({ RING_TIMEOUT_MS: String(RING_MS), CALL_MAX_DURATION_MS: String(TALK_MS) });
    [alice, bob, carol] = [
      await gateway.phone('alice'),
      await gateway.phone('bob'),
      await gateway.phone('carol'),
    ];
    const talked = await alice.calls('bob', { media: 'video' });
    await bob.say('call:answer', { callId: talked });
    const missed = await bob.calls('alice');
    await alice.say('call:ringing', { callId: missed });
    const declined = await alice.calls('carol');
    await carol.say('call:decline', { callId: declined });
    halfway = (await alice.hears('call:declined')).call.endedAt!;
    const busy = await carol.calls('alice', { media: 'video' });
    await alice.say('call:decline', { callId: busy, reason: 'busy' });
    const cancelled = await alice.calls('carol');
    await alice.say('call:cancel', { callId: cancelled });
    const failed = await alice.calls('nobody');
    await alice.hears('call:failed');
    await alice.hears('call:missed', ({ call }) => call.callId === missed);
    await alice.hears('call:ended', ({ call }) => call.callId === talked);
    made = { talked, missed, declined, busy, cancelled, failed };
  });
  afterAll(() => gateway.stop());

  const list = (query = '', as = 'alice'): Promise<HttpAnswer> => gateway.http(`/v1/calls${query}`, { as });
  const names = async (query: string, as = 'alice'): Promise<string[]> => {
    const { body } = await list(query, as);
    const nameOf = new Map(Object.entries(made).map(([name, callId]) => [callId, name]));
    return body.items.map(({ callId }) => nameOf.get(callId as string) ?? '?');
  };

  it('lists a user’s calls, newest first', async () => {
    expect(await names('')).toEqual(['failed', 'cancelled', 'busy', 'declined', 'missed', 'talked']);
    expect(await names('', 'bob')).toEqual(['missed', 'talked']);
    expect(await names('', 'carol')).toEqual(['cancelled', 'busy', 'declined']);
    expect(await names('', 'nobody')).toEqual(['failed']);
  });

  it.each([
    ['?direction=outgoing', ['failed', 'cancelled', 'declined', 'talked']],
    ['?direction=incoming', ['busy', 'missed']],
    ['?media=video', ['busy', 'talked']],
    ['?media=voice', ['failed', 'cancelled', 'declined', 'missed']],
    ['?with=bob', ['missed', 'talked']],
    ['?with=carol', ['cancelled', 'busy', 'declined']],
    ['?with=alice', []],
    ['?outcome=completed', ['talked']],
    ['?outcome=missed', ['missed']],
    ['?outcome=declined', ['declined']],
    ['?outcome=busy', ['busy']],
    ['?outcome=cancelled', ['cancelled']],
    ['?outcome=failed', ['failed']],
    ['?with=bob&direction=outgoing&media=video&outcome=completed', ['talked']],
    ['?limit=2', ['failed', 'cancelled']],
  ])('is filtered by %s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it('is filtered by the time a call began', async () => {
    const { body } = await gateway.http(`/v1/calls/${made.busy}`, { as: 'alice' });
    const at = encodeURIComponent(body.initiatedAt as string);
    expect(await names(`?from=${at}`)).toEqual(['failed', 'cancelled', 'busy']);
    expect(await names(`?to=${at}`)).toEqual(['declined', 'missed', 'talked']);
    expect(await names(`?from=${at}&to=${at}`)).toEqual([]);
    expect(await names('?from=2020-01-01&to=2020-01-02')).toEqual([]);
    expect((await names(`?to=${encodeURIComponent(halfway.replace('Z', '+00:00'))}`)).at(-1)).toBe('talked');
  });

  it('shows each call as the asking user saw it', async () => {
    const item = async (name: keyof typeof made, as: string): Promise<object> =>
      (await list('', as)).body.items.find(({ callId }) => callId === made[name]) as object;
    const { body: talked } = await gateway.http(`/v1/calls/${made.talked}`, { as: 'alice' });
    const { body: missed } = await gateway.http(`/v1/calls/${made.missed}`, { as: 'alice' });
    const talkSeconds = seconds(talked.answeredAt, talked.endedAt);
    const ringSeconds = seconds(missed.ringingAt, missed.endedAt);
    expect(talkSeconds).toBeGreaterThanOrEqual(3);
    expect(ringSeconds).toBeGreaterThanOrEqual(1);
    expect(await item('talked', 'alice')).toMatchObject({
      direction: 'outgoing',
      ringSeconds: 0,
      talkSeconds,
      endReason: 'max_duration',
    });
    expect(await item('talked', 'bob')).toMatchObject({
      direction: 'incoming',
      talkSeconds,
      callee: { userId: 'bob' },
    });
    expect(await item('missed', 'alice')).toMatchObject({
      direction: 'incoming',
      ringSeconds,
      talkSeconds: 0,
      outcome: 'missed',
    });
    expect(await item('missed', 'bob')).toMatchObject({
      direction: 'outgoing',
      ringSeconds,
      talkSeconds: 0,
      endReason: 'timeout',
    });
    expect(await item('failed', 'alice')).toMatchObject({
      direction: 'outgoing',
      ringSeconds: 0,
      talkSeconds: 0,
      endReason: 'unreachable',
    });
    const {
      direction,
      ringSeconds: rang,
      talkSeconds: spoke,
      ...view
    } = (await item('busy', 'alice')) as Record<string, unknown>;
    expect([direction, rang, spoke]).toEqual(['incoming', 0, 0]);
    expect(view).toEqual((await gateway.http(`/v1/calls/${made.busy}`, { as: 'alice' })).body);
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?limit=ten', 'limit'],
    ['?limit=1.5', 'limit'],
    ['?limit=1&limit=2', 'limit'],
    ['?direction=sideways', 'direction'],
    ['?media=fax', 'media'],
    ['?outcome=unknown', 'outcome'],
    ['?from=yesterday', 'from'],
    ['?to=2026-13-45', 'to'],
    ['?with=', 'with'],
    ['?with=a%00b', 'with'],
    ['?cursor=garbage', 'cursor'],
    [`?cursor=${Buffer.from('1.2.3').toString('base64url')}`, 'cursor'],
    [`?cursor=${'x'.repeat(500)}`, 'cursor'],
  ])('refuses %s, naming the parameter', async (query, path) => {
    expect(await list(query)).toMatchObject({ status: 422, body: { code: 'INVALID', details: [{ path }] } });
  });

  it('answers cursors and times from the end of time', async () => {
    const cursor = Buffer.from(`999999999999999.${randomUUID()}`).toString('base64url');
    expect((await list(`?cursor=${cursor}`)).body.items).toHaveLength(6);
    expect((await list('?from=0001-01-01&to=9999-12-31')).body.items).toHaveLength(6);
  });

  it('pages through everything once, while new calls arrive', async () => {
    await gateway.phone('frank');
    const before: string[] = [];
    for (let i = 0; i < 23; i++) {
      const callId = await carol.calls('frank');
      await carol.say('call:cancel', { callId });
      before.unshift(callId);
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: HttpAnswer = await list(`?limit=5${cursor && `&cursor=${cursor}`}`, 'frank');
      seen.push(...body.items.map(({ callId }) => callId as string));
      cursor = body.nextCursor;
      const callId = await carol.calls('frank');
      await carol.say('call:cancel', { callId });
    }
    expect(seen).toEqual(before);
  });

  it('tells with the timeline what was recorded, in global order, without gaps in either stream', async () => {
    const { body } = await gateway.http(`/v1/calls/${made.missed}/events`, { as: 'bob' });
    const of = (stream: string): [number, string][] =>
      body.items
        .filter((item) => item.stream === stream)
        .map(({ version, type }) => [version, type] as [number, string]);
    expect(of('call')).toEqual([
      [1, 'CallInitiated'],
      [2, 'CallRinging'],
      [3, 'CallMissed'],
    ]);
    expect(of('wake').map(([version]) => version)).toEqual(of('wake').map((_, index) => index + 1));
    expect(of('wake').map(([, type]) => type)).toContain('DeviceReached');
    const positions = body.items.map(({ position }) => position as number);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(new Set(positions).size).toBe(positions.length);
    for (const item of body.items) {
      expect(Object.keys(item as object).sort()).toEqual([
        'at',
        'data',
        'position',
        'stream',
        'type',
        'version',
      ]);
      expect(item.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });
});
