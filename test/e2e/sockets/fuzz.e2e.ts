import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';
import { RawSocket } from '../../support/raw-socket.js';

const EVENTS = [
  'call:initiate',
  'call:ringing',
  'call:answer',
  'call:decline',
  'call:cancel',
  'call:end',
  'call:signal',
  'call:media',
];
const MORE_EVENTS = ['device:state', 'session:refresh', 'sync', 'no:such-event'];
const callId = randomUUID();

describe('clients that know no protocol', () => {
  let gateway: TestGateway;
  let token: string;
  let alice: Phone;
  let bob: Phone;
  const raws: RawSocket[] = [];
  beforeAll(async () => {
    gateway = await testGateway({ RATE_LIMIT_EVENTS_PER_SECOND: '100000' });
    token = await gateway.token('mallory');
    alice = await gateway.phone('alice');
    bob = await gateway.phone('bob');
  });
  afterAll(() => gateway.stop());

  /** Whatever was done, two other people can make a call, on the connections they had. */
  afterEach(async () => {
    for (const raw of raws.splice(0)) raw.close();
    const id = await alice.calls('bob');
    await bob.hears('call:incoming', ({ call }) => call.callId === id);
    expect(await bob.say('call:answer', { callId: id })).toMatchObject({ ok: true });
    expect(await alice.say('call:end', { callId: id })).toMatchObject({ ok: true });
  });

  const joined = (deviceId = 'raw'): Promise<RawSocket> => {
    const raw = new RawSocket(gateway.url);
    raws.push(raw);
    return raw.join({ token, deviceId });
  };

  const MALFORMED = [
    ...[
      '',
      '4',
      '42',
      '42[',
      '42{}',
      '42"x"',
      '42[]',
      '42[null]',
      '42[{}]',
      '42[[]]',
      '421',
      '42-1["sync"]',
      '42999999999999999999["sync"]',
    ],
    ...[
      'connect',
      'connect_error',
      'disconnect',
      'disconnecting',
      'newListener',
      'removeListener',
      'error',
    ].map((event) => `421["${event}",{}]`),
    ...[
      '40',
      '40null',
      '40[]',
      '40/admin,',
      '40/admin,{}',
      `40/${'x'.repeat(9_000)},`,
      '41',
      '41{}',
      '41/admin,',
      '42/admin,["sync"]',
      '43',
      '43[]',
      '430[]',
    ],
    ...[
      '44',
      '44{"message":"x"}',
      '44"x"',
      '45',
      '45-',
      '451-["sync"]',
      '4510000000-["sync"]',
      '45x-["sync"]',
      '450-["sync"]',
      '46',
      '461-1[]',
      '47',
      '4x',
    ],
    ...['0', '1', '2', '2probe', '3', '3probe', '5', '6', '7', 'b', 'bAAAA', '\0', '🙂', '['],
  ];
  it('may send any malformed frame: ignored, or the end of their connection', async () => {
    for (const [index, frame] of MALFORMED.entries()) {
      const raw = await joined(`malformed-${index}`);
      raw.send(frame);
      raw.send('427["sync",{}]');
      const answer = await raw.answerTo(7);
      expect(answer === null || (answer as { ok: boolean }).ok).toBe(true);
      raw.close();
    }
  });

  it('may send random frames by the thousand', async () => {
    const scrap = fc.constantFrom(
      ...MALFORMED,
      ...EVENTS,
      callId,
      '42["',
      '",{"',
      '"]',
      '45',
      '-',
      '1',
      '{"_placeholder":true,"num":',
      '}',
      ':',
    );
    const json = fc.json({ maxDepth: 6 });
    const event = fc.constantFrom(...EVENTS, ...MORE_EVENTS);
    const frame = fc.oneof(
      fc.array(scrap, { maxLength: 8 }).map((parts) => parts.join('')),
      fc.tuple(fc.nat({ max: 50 }), event, json).map(([id, name, body]) => `42${id}["${name}",${body}]`),
      fc.tuple(event, json, json).map(([name, one, two]) => `42["${name}",${one},${two}]`),
      fc.tuple(fc.nat({ max: 6 }), json).map(([type, body]) => `4${type}${body}`),
      fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `4${text}`),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    );
    const session = fc.asyncProperty(fc.array(frame, { minLength: 10, maxLength: 30 }), async (frames) => {
      const raw = await joined('fuzz');
      for (const one of frames) raw.send(one);
      raw.send('42777["sync",{}]');
      await raw.answerTo(777);
      raw.close();
    });
    await fc.assert(session, { numRuns: 100, endOnFailure: true });
  });

  it('may say 2,000 things at once, and are answered 2,000 times', async () => {
    const raw = await joined('loud');
    for (let index = 0; index < 2_000; index++)
      raw.send(`42${index}["${EVENTS[index % EVENTS.length]}",{"callId":"${randomUUID()}"}]`);
    for (let index = 0; index < 2_000; index++) expect(await raw.answerTo(index)).toHaveProperty('ok');
    expect(raw.frames.filter((frame) => frame.startsWith('43')).length).toBe(2_000);
  });

  it('may ask and never read the answers: they are cut off before that costs memory', async () => {
    for (let index = 0; index < 20; index++) {
      const id = await alice.calls('mallory', { metadata: { long: 'x'.repeat(1_500) } });
      await alice.say('call:cancel', { callId: id });
    }
    const connected = async (): Promise<number> => {
      const { text } = await gateway.http('/metrics');
      return Number(/^ringway_sockets (\d+)$/m.exec(text)![1]);
    };
    const raw = await joined('deaf');
    expect(await connected()).toBe(3);
    raw.pause();
    const ask = (): Promise<number> => {
      for (let index = 0; index < 200; index++) raw.send(`42${index}["sync",{}]`);
      return connected();
    };
    await eventually(ask, (count) => count === 2);
  });
});
