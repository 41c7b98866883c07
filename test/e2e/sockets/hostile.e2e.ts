import { randomUUID } from 'node:crypto';
import { type TestGateway, testGateway } from '../../support/gateway.js';
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

describe('hostile clients', () => {
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
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  const connection = (): RawSocket => {
    const raw = new RawSocket(gateway.url);
    raws.push(raw);
    return raw;
  };
  const joined = (deviceId = 'raw'): Promise<RawSocket> => connection().join({ token, deviceId });
  const invalid = {
    ok: false,
    error: {
      code: 'INVALID',
      retryable: false,
      message: expect.any(String) as string,
      details: [expect.anything()],
    },
  };

  const DEEP = {
    arrays: `${'['.repeat(4_200)}${']'.repeat(4_200)}`,
    objects: `${'{"a":'.repeat(4_200)}1${'}'.repeat(4_200)}`,
    'a mixture': `${'[{"a":'.repeat(4_200)}1${'}]'.repeat(4_200)}`,
  };
  it.each(Object.entries(DEEP))(
    'may send 4,200 nested %s with every event, and are answered',
    async (_, deep) => {
      const raw = await joined();
      const fields = ['callId', 'signal', 'metadata', 'reason', 'state', 'token', 'unknown'];
      const places = (event: string): string[] => [
        `["${event}",${deep}]`,
        ...fields.map((field) => `["${event}",{"callId":"${callId}","${field}":${deep}}]`),
      ];
      const frames = [...EVENTS, ...MORE_EVENTS].flatMap(places);
      for (const [index, frame] of frames.entries()) raw.send(`42${index}${frame}`);
      for (const [index, frame] of frames.entries()) {
        const answer = await raw.answerTo(index);
        expect(answer).toMatchObject(
          frame.includes('no:such-event')
            ? { error: { code: 'UNKNOWN_EVENT' } }
            : { error: { code: 'INVALID' } },
        );
      }
    },
  );

  it('may nest in acknowledgements, in the handshake and beside binary', async () => {
    for (const deep of Object.values(DEEP)) {
      const raw = await joined('mallory');
      const id = await alice.calls('mallory');
      const incoming = await raw.gets((frame) => /^42\d+\["call:incoming"/.test(frame) && frame.includes(id));
      raw.send(`43${/^42(\d+)/.exec(incoming!)![1]}[${deep}]`);
      raw.send(`439999[${deep}]`);
      raw.send(`43[${deep}]`);
      raw.send(`421["sync",{}]`);
      expect(await raw.answerTo(1)).toMatchObject({ ok: true });
      await alice.say('call:cancel', { callId: id });

      const binary = await joined('binary');
      binary.send(
        `451-2["call:signal",{"callId":"${callId}","signal":[${deep},{"_placeholder":true,"num":0}]}]`,
      );
      binary.send(Buffer.from([1, 2, 3]));
      expect([null, 'INVALID']).toContain(
        ((await binary.answerTo(2)) as { error: { code: string } } | null)?.error.code ?? null,
      );

      const handshake = connection();
      await handshake.gets((frame) => frame.startsWith('0'));
      handshake.send(`40{"token":${deep},"deviceId":${deep}}`);
      expect(await handshake.gets((frame) => frame.startsWith('44'))).toContain('UNAUTHENTICATED');
      const unread = connection();
      await unread.gets((frame) => frame.startsWith('0'));
      unread.send(`40${deep}`);
    }
  });

  it('may send 5 MB in one frame: their connection is closed, and only theirs', async () => {
    const [raw, other] = [await joined('big'), await joined('other')];
    raw.send(`421["call:signal",{"callId":"${callId}","signal":"${'x'.repeat(5_000_000)}"}]`);
    expect(await raw.closed).toBe(1009);
    const again = await joined('big');
    again.send(`421["call:signal",{"callId":"${callId}","signal":"${'x'.repeat(99_900)}"}]`);
    expect(await again.answerTo(1)).toMatchObject({ ok: false, error: { code: 'TOO_LARGE' } });
    again.send(Buffer.alloc(5_000_000));
    expect(await again.closed).toBe(1009);
    other.send('421["sync",{}]');
    expect(await other.answerTo(1)).toMatchObject({ ok: true });
  });

  it('may attach binary data to anything', async () => {
    const raw = await joined();
    const placeholder = '{"_placeholder":true,"num":0}';
    const frames = [
      ...EVENTS.map((event) => `["${event}",${placeholder}]`),
      `["call:signal",{"callId":"${callId}","signal":${placeholder}}]`,
      `["call:initiate",{"callId":"${callId}","callee":"bob","media":"voice","metadata":{"a":${placeholder}}}]`,
      `["session:refresh",{"token":${placeholder}}]`,
    ];
    for (const [index, frame] of frames.entries()) {
      raw.send(`451-${index}${frame}`);
      raw.send(Buffer.from([0, 255, 1]));
      expect(await raw.answerTo(index)).toEqual(invalid);
    }
  });

  it.each([
    ['__proto__', '{"__proto__":{"polluted":1}}'],
    ['__proto__ far down', '{"a":[{"b":{"__proto__":{"polluted":1}}}]}'],
    ['NUL', '"a\\u0000b"'],
    ['NUL in a name', '{"a\\u0000b":1}'],
    ['half a surrogate pair', '"\\ud800"'],
    ['the other half', '"a\\udc00b"'],
    ['half a pair in a name', '{"\\udfff":1}'],
  ])(
    'may put %s into every field of every event but call:signal, and are told that it is INVALID',
    async (_, hostile) => {
      const raw = await joined();
      const text = hostile.startsWith('"');
      const fields = [
        'callId',
        'callee',
        'media',
        'metadata',
        'reason',
        'signal',
        'state',
        'token',
        'unknown',
        'audio',
      ];
      const events = [...EVENTS, ...MORE_EVENTS.slice(0, 3)].filter((event) => event !== 'call:signal');
      const frames = events.flatMap((event) => [
        ...fields.map((field) => `["${event}",{"callId":"${callId}","${field}":${hostile}}]`),
        `["${event}",${text ? `{"callId":${hostile}}` : hostile}]`,
      ]);
      for (const [index, frame] of frames.entries()) raw.send(`42${index}${frame}`);
      for (const index of frames.keys())
        expect(await raw.answerTo(index)).toMatchObject({ error: { code: 'INVALID' } });
      expect(raw.frames.join('')).not.toContain('polluted');
    },
  );

  it('may put all that into a signal: the other side gets it as it was sent', async () => {
    const raw = await joined();
    const id = randomUUID();
    raw.send(`421["call:initiate",{"callId":"${id}","callee":"bob","media":"voice"}]`);
    expect(await raw.answerTo(1)).toMatchObject({ ok: true });
    await bob.say('call:answer', { callId: id });
    const odd = '{"__proto__":{"polluted":1},"a\\u0000":"\\ud800","b":[{"__proto__":1}]}';
    raw.send(`422["call:signal",{"callId":"${id}","signal":${odd}}]`);
    expect(await raw.answerTo(2)).toMatchObject({ ok: true });
    const { signal } = await bob.hears('call:signal', ({ callId: of }) => of === id);
    expect(JSON.stringify(signal)).toBe(JSON.stringify(JSON.parse(odd)));
    await bob.say('call:end', { callId: id });
  });

  it('may use prototype names as data: they are just data', async () => {
    const raw = await joined();
    const id = randomUUID();
    const metadata = '{"constructor":{"prototype":{"polluted":1}},"toString":1,"hasOwnProperty":null}';
    raw.send(`421["call:initiate",{"callId":"${id}","callee":"bob","media":"voice","metadata":${metadata}}]`);
    expect(await raw.answerTo(1)).toMatchObject({
      ok: true,
      call: { metadata: JSON.parse(metadata) as object },
    });
    raw.send(`422["call:cancel",{"callId":"${id}"}]`);
    expect(await raw.answerTo(2)).toMatchObject({ ok: true });
  });
});
