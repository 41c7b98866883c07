import { randomUUID } from 'node:crypto';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';
import { RawSocket } from '../../support/raw-socket.js';

const callId = randomUUID();

/** One good payload of every event. */
const GOOD: Record<string, object> = {
  'call:initiate': { callId, callee: 'bob', media: 'voice' },
  'call:ringing': { callId },
  'call:answer': { callId },
  'call:decline': { callId },
  'call:cancel': { callId },
  'call:end': { callId },
  'call:signal': { callId, signal: { sdp: 'v=0' } },
  'call:media': { callId, audio: true, video: false },
  'device:state': { state: 'foreground' },
  'session:refresh': { token: 'abc' },
};
const EVENTS = Object.keys(GOOD);
const ABOUT_A_CALL = EVENTS.filter((event) => 'callId' in GOOD[event]!);

/** A bad field in an otherwise good payload. */
const BAD: [event: string, change: object][] = [
  ...ABOUT_A_CALL.flatMap((event) =>
    [
      undefined,
      null,
      7,
      '',
      'abc',
      {},
      [callId],
      `{${callId}}`,
      `${callId} `,
      callId.replaceAll('-', ''),
    ].map((bad): [string, object] => [event, { callId: bad }]),
  ),
  ...[undefined, null, '', 'x'.repeat(129), 7, {}, 'a\0b', '\ud800'].map((callee): [string, object] => [
    'call:initiate',
    { callee },
  ]),
  ...[undefined, null, 'fax', 'VOICE', 7].map((media): [string, object] => ['call:initiate', { media }]),
  ...[null, [], 'x', 7, { long: 'x'.repeat(2_038) }, { long: 'é'.repeat(1_020) }].map(
    (metadata): [string, object] => ['call:initiate', { metadata }],
  ),
  ...[null, 'bored', 7].map((reason): [string, object] => ['call:decline', { reason }]),
  ['call:signal', { signal: undefined }],
  ...[undefined, null, 1, 'true'].map((audio): [string, object] => ['call:media', { audio }]),
  ...[undefined, null, 0].map((video): [string, object] => ['call:media', { video }]),
  ...[null, 'yes'].map((held): [string, object] => ['call:media', { held }]),
  ...[undefined, null, 'asleep', 7].map((state): [string, object] => ['device:state', { state }]),
  ...[undefined, null, 7, {}].map((token): [string, object] => ['session:refresh', { token }]),
];

describe('what an app says', () => {
  let gateway: TestGateway;
  let alice: Phone;
  beforeAll(async () => {
    gateway = await testGateway({ RATE_LIMIT_EVENTS_PER_SECOND: '10000' });
    alice = await gateway.phone('alice');
  });
  afterAll(() => gateway.stop());

  const invalidAt = (path: string): object => ({
    ok: false,
    error: {
      ...{ code: 'INVALID', retryable: false, message: expect.any(String) as string },
      details: [{ path, message: expect.stringMatching(/^\S.*\S$/) as string }],
    },
  });

  it.each(BAD)('is INVALID when it says %s with %j', async (event, change) => {
    const [field] = Object.keys(change);
    expect(await alice.say(event, { ...GOOD[event], ...change })).toEqual(invalidAt(field!));
  });

  it.each(EVENTS)('is INVALID when the payload of %s is not one object', async (event) => {
    for (const payload of [undefined, null, 'text', 7, true, [], [GOOD[event]]]) {
      expect(await alice.say(event, payload)).toEqual(invalidAt(''));
    }
    const twice: unknown = await alice.socket.emitWithAck(event, GOOD[event], GOOD[event]);
    expect(twice).toEqual(invalidAt(''));
  });

  it('is told about every field that is wrong, and never shown what it sent', async () => {
    const { error } = await alice.say('call:initiate', {
      callId: 'secret-1',
      media: 'secret-2',
      metadata: 'secret-3',
    });
    expect(error.details!.map(({ path }) => path).sort()).toEqual(['callId', 'callee', 'media', 'metadata']);
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it('may carry fields that are not known yet, and metadata of exactly 2,048 bytes', async () => {
    const metadata = { long: 'x'.repeat(2_048 - '{"long":""}'.length) };
    const id = randomUUID();
    const answer = await alice.say('call:initiate', {
      callId: id,
      callee: 'bob',
      media: 'voice',
      metadata,
      colour: 'blue',
    });
    expect(answer).toMatchObject({ ok: true, call: { callId: id, metadata } });
    expect(answer.call).not.toHaveProperty('colour');
  });

  it('asks for a sync with an empty object, null or nothing', async () => {
    const sync = {
      ok: true,
      serverTime: expect.any(String) as string,
      calls: expect.any(Array) as object,
      signals: [],
    };
    for (const payload of [{}, null, undefined]) expect(await alice.say('sync', payload)).toEqual(sync);
    for (const payload of ['now', 7, []]) expect(await alice.say('sync', payload)).toEqual(invalidAt(''));
  });

  it('names a call by any UUID, in any case', async () => {
    const ids = [
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      'c232ab00-9414-11ec-b3c8-9e6bdeced846',
      '919108f7-52d1-4320-9bac-f847db4148a8',
      '017F22E2-79B0-7CC3-98C4-DC0C0C07398F',
    ];
    const bob = await gateway.phone('bob');
    for (const id of ids) {
      expect(await alice.say('call:initiate', { callId: id, callee: 'bob', media: 'voice' })).toMatchObject({
        ok: true,
      });
      expect(await bob.say('call:ringing', { callId: id.toUpperCase() })).toMatchObject({ ok: true });
      const { call } = await alice.say('call:cancel', { callId: id.toLowerCase() });
      expect(call).toMatchObject({ callId: id.toLowerCase(), outcome: 'cancelled' });
    }
  });

  it('is UNKNOWN_EVENT when there is no such event', async () => {
    for (const event of [
      'call:hold',
      'CALL:INITIATE',
      '',
      ' ',
      'error',
      'message',
      '__proto__',
      'constructor',
      'toString',
      'call:incoming',
    ]) {
      expect(await alice.say(event, {})).toEqual({
        ok: false,
        error: { code: 'UNKNOWN_EVENT', retryable: false, message: expect.any(String) as string },
      });
    }
  });

  it('is answered exactly once, whatever it was, and is never answered when it did not ask', async () => {
    const raw = await new RawSocket(gateway.url).join({
      token: await gateway.token('carol'),
      deviceId: 'raw',
    });
    const said = [
      ...Object.entries(GOOD).map(([event, payload]) => JSON.stringify([event, payload])),
      ...BAD.map(([event, change]) => JSON.stringify([event, { ...GOOD[event], ...change }])),
      ...['["call:hold",{}]', '["sync"]', '["call:end"]', '[7,{}]', '["call:end",{},{},{}]'],
    ];
    for (const [index, frame] of said.entries()) {
      raw.send(`42${frame}`);
      raw.send(`42${index + 1}${frame}`);
    }
    for (const index of said.keys()) await raw.answerTo(index + 1);
    raw.send(`42999["sync",{}]`);
    await raw.answerTo(999);
    expect(said.map((_, index) => raw.answersTo(index + 1).length)).toEqual(said.map(() => 1));
    expect(raw.frames.filter((frame) => /^43\[/.test(frame))).toEqual([]);
    raw.close();
  });
});
