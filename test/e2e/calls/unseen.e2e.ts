import { randomUUID } from 'node:crypto';
import { type TestGateway, testGateway } from '../../support/gateway.js';
import type { Phone, Told } from '../../support/phone.js';

/** A stranger with a good token compares a call of two others with one that does not exist: in everything they can ask. */
describe('to a stranger a call', () => {
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  let mallory: Phone;
  /** One for each question, because what one phone asks about a call is answered in turns. */
  let mallorys: Phone[];
  beforeAll(async () => {
    gateway = await testGateway();
    [alice, bob, mallory] = [
      await gateway.phone('alice'),
      await gateway.phone('bob'),
      await gateway.phone('mallory'),
    ];
    mallorys = await Promise.all(
      events.map((_, nr) => gateway.phone('mallory', { deviceId: `phone-${nr}` })),
    );
  });
  afterAll(() => gateway.stop());

  const stages: Record<string, (callId: string) => Promise<unknown>> = {
    'that nobody has answered': () => Promise.resolve(),
    'that rings': (callId) => bob.say('call:ringing', { callId }),
    'that is answered': (callId) => bob.say('call:answer', { callId }),
    'that is over': (callId) => alice.say('call:cancel', { callId }),
  };
  const events: [string, object][] = [
    ...['ringing', 'answer', 'decline', 'cancel', 'end'].map((name): [string, object] => [
      `call:${name}`,
      {},
    ]),
    ['call:decline', { reason: 'busy' }],
    ['call:signal', { signal: { sdp: 'v=0' } }],
    ['call:media', { audio: true, video: true }],
  ];
  const requests: [string, string][] = [
    ...['', '/events', '/explain'].map((path): [string, string] => ['GET', path]),
    ...['ringing', 'answer', 'decline', 'cancel', 'end'].map((name): [string, string] => [
      'POST',
      `/${name}?deviceId=mallory-phone`,
    ]),
  ];

  /** Every answer a stranger gets about this id, with the id itself taken out. */
  const everythingAbout = (callId: string): Promise<unknown[]> => {
    const heard = events.map(([event, more], nr) => mallorys[nr]!.say(event, { callId, ...more }));
    const read = requests.map(([method, path]) =>
      (async () => {
        const { status, text, headers } = await gateway.http(`/v1/calls/${callId}${path}`, {
          as: 'mallory',
          method,
        });
        const named = [...headers.keys()].filter((name) => name !== 'date').sort();
        const length = headers.get('content-length');
        return { path, status, text: text.replaceAll(callId, ''), named, length };
      })(),
    );
    return Promise.all([...heard, ...read]);
  };
  it.each(Object.entries(stages))('%s is answered like one that does not exist', async (_, reach) => {
    const callId = await alice.calls('bob');
    await reach(callId);
    const told = await everythingAbout(callId);
    expect(told).toEqual(await everythingAbout(randomUUID()));
    await alice.say('call:cancel', { callId });
    await alice.say('call:end', { callId });
  });

  it('is not counted: what others read of their own says nothing of what happened between', async () => {
    const trudy = await gateway.phone('trudy');
    const own = [await trudy.calls('eve'), await trudy.calls('eva')];
    const page = await gateway.http('/v1/calls?limit=1', { as: 'trudy' });
    const cursor = Buffer.from(page.body.nextCursor!, 'base64url').toString();
    expect(cursor).toBe(`${Date.parse(page.body.items[0].initiatedAt)}.${page.body.items[0].callId}`);
    for (const callId of own) {
      const { items } = (await gateway.http(`/v1/calls/${callId}/events`, { as: 'trudy' })).body;
      expect(items.length).toBeGreaterThan(0);
      for (const { position, at } of items) {
        expect(position - Date.parse(at) * 1_000).toBeGreaterThanOrEqual(0);
        expect(position - Date.parse(at) * 1_000).toBeLessThan(items.length);
      }
    }
  });

  it('leaves nothing to hear, to sync or to list', async () => {
    const callId = await alice.calls('bob');
    await bob.say('call:answer', { callId });
    await bob.say('call:signal', { callId, signal: 'v=0' });
    await alice.say('call:end', { callId });
    const { calls, signals } = await mallory.say('sync');
    expect({ calls, signals }).toEqual({ calls: [], signals: [] });
    expect(mallory.heard.filter(({ event }) => event.startsWith('call:'))).toEqual([]);
    const lists = [`?with=alice`, `?with=bob`, ''];
    for (const query of lists) {
      expect((await gateway.http(`/v1/calls${query}`, { as: 'mallory' })).body.items).toEqual([]);
    }
  });

  it('does not show in anybody’s presence', async () => {
    const presence = async (): Promise<unknown> =>
      (await gateway.http('/v1/presence?userIds=alice,bob', { as: 'mallory' })).body;
    const before = await presence();
    const callId = await alice.calls('bob');
    expect(await presence()).toEqual(before);
    await bob.say('call:answer', { callId });
    expect(await presence()).toEqual(before);
    await alice.say('call:end', { callId });
  });

  it('can be cancelled beforehand without touching the call of others', async () => {
    const callId = await alice.calls('bob');
    expect(await mallory.say('call:cancel', { callId })).toEqual({ ok: true, call: null });
    const { calls }: Told = await alice.say('sync');
    expect(calls.find((call) => call.callId === callId)).toMatchObject({ state: 'initiated' });
    await alice.say('call:cancel', { callId });
  });
});
