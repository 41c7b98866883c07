import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { request } from '../../support/gateway.js';
import { Phone, type Told } from '../../support/phone.js';
import { GatewayChild } from '../../support/gateway-child.js';
import { RawSocket } from '../../support/raw-socket.js';

const MIB = 1_048_576;
const HEAP = '--max-old-space-size=256';
/** What V8 makes of that, in MiB. A quarter of it may be signals that wait, an eighth commands in hand. */
const HEAP_MIB =
  Number(execFileSync(process.execPath, [HEAP, '-p', 'v8.getHeapStatistics().heap_size_limit'])) / MIB;
const WAITING_MIB = HEAP_MIB / 4;
const IN_HAND_MIB = HEAP_MIB / 8;
/** Garbage that is not collected yet. */
const GARBAGE_MIB = 128;
/** A busy machine takes its time with everything. */
const PROMPT_MS = 5_000;
/** Accounts with 8 MiB of signals each: more than the gateway may keep. */
const HOGS = 14;

/** The worst JSON of so many bytes: 21,845 objects, 1.4 MB when parsed. */
const LARGEST = `[${'{},'.repeat(21_844)}{}]`;
const frame = (id: number, event: string, payload: string): string => `42${id}["${event}",${payload}]`;

interface Memory {
  rss: number;
  external: number;
}

describe('a gateway with a small heap', () => {
  let database: TestDatabase;
  let child: GatewayChild;
  let url: string;
  let alice: Phone;
  let bob: Phone;
  const hogs: RawSocket[] = [];

  beforeAll(async () => {
    database = await freshDatabase();
    child = new GatewayChild({ DATABASE_URL: database.url, HOST: '127.0.0.1', DEMO: '1' }, [HEAP]);
    url = await child.ready();
    [alice, bob] = [await phone('alice'), await phone('bob')];
  });
  afterAll(async () => {
    for (const hog of hogs) hog.close();
    for (const each of [alice, bob]) each.disconnect();
    await child.send('SIGTERM');
    await database.drop();
  });

  const token = async (userId: string): Promise<string> =>
    (await request(url, '/v1/dev/tokens', { body: { userId } })).body.token;
  const phone = async (userId: string): Promise<Phone> => {
    const one = new Phone({ url, userId, deviceId: 'phone', token: await token(userId) });
    await one.connected();
    return one;
  };
  const joined = async (userId: string, deviceId = 'raw'): Promise<RawSocket> => {
    const raw = await new RawSocket(url).join({ token: await token(userId), deviceId });
    hogs.push(raw);
    return raw;
  };
  const memory = async (): Promise<Memory> => {
    const { text } = await request(url, '/metrics', {});
    const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)![1]) / MIB;
    return {
      rss: read('process_resident_memory_bytes'),
      external: read('nodejs_external_memory_bytes'),
    };
  };

  /** A call with a signal each way. @returns how long it took */
  async function callPromptly(): Promise<number> {
    const since = performance.now();
    const callId = await alice.calls('bob');
    await bob.hears('call:incoming', ({ call }) => call.callId === callId);
    expect(await alice.say('call:signal', { callId, signal: 'offer' })).toMatchObject({ ok: true });
    expect(await bob.say('call:answer', { callId })).toMatchObject({ ok: true });
    await bob.hears('call:signal', (told) => told.callId === callId);
    expect(await bob.say('call:signal', { callId, signal: 'answer' })).toMatchObject({ ok: true });
    await alice.hears('call:signal', (told) => told.callId === callId);
    await alice.say('call:end', { callId });
    return performance.now() - since;
  }

  /** The answers to these frames, whose ids follow each other. */
  async function answers(
    raw: RawSocket,
    ids: number[],
    event: string,
    payload: (id: number) => string,
  ): Promise<Told[]> {
    for (const id of ids) raw.send(frame(id, event, payload(id)));
    return Promise.all(ids.map(async (id) => (await raw.answerTo(id)) as Told));
  }

  /**
   * As much as may wait for one account: two calls, and 64 of the largest signals in each. An accomplice lets them ring,
   * or answers and acknowledges no signal.
   * @returns how many of them wait, and why the others do not
   */
  async function fill(nr: number): Promise<{ waiting: number; codes: Set<string> }> {
    const hog = await joined(`hog-${nr}`);
    const callees = [`accomplice-${nr}-a`, `accomplice-${nr}-b`];
    const accomplices = [await joined(callees[0]!), await joined(callees[1]!)];
    const calls = [randomUUID(), randomUUID()];
    await answers(hog, [0, 1], 'call:initiate', (id) =>
      JSON.stringify({ callId: calls[id], callee: callees[id], media: 'voice' }),
    );
    if (nr % 2 === 0)
      for (const [index, accomplice] of accomplices.entries())
        await answers(accomplice, [0], 'call:answer', () => JSON.stringify({ callId: calls[index] }));
    let waiting = 0;
    const codes = new Set<string>();
    for (let id = 10; id < 138; id += 16) {
      const ids = Array.from({ length: 16 }, (_, index) => id + index);
      const said = await answers(
        hog,
        ids,
        'call:signal',
        (of) => `{"callId":"${calls[of % 2]}","signal":${LARGEST}}`,
      );
      for (const { ok, error } of said)
        if (ok) waiting++;
        else codes.add(error.code);
    }
    return { waiting, codes };
  }

  it('keeps what many accounts let wait within its bounds, and serves everybody else promptly meanwhile', async () => {
    await callPromptly();
    const before = await memory();
    const peak = { ...before };
    const filling = Promise.all(Array.from({ length: HOGS }, (_, nr) => fill(nr)));
    let busy = true;
    void filling.catch(() => undefined).then(() => (busy = false));
    let longest = 0;
    for (; busy; await pause(300)) {
      longest = Math.max(longest, await callPromptly());
      const now = await memory();
      for (const key of ['rss', 'external'] as const) peak[key] = Math.max(peak[key], now[key]);
    }
    const filled = await filling;
    expect(longest).toBeLessThan(PROMPT_MS);
    expect(new Set(filled.flatMap(({ codes }) => [...codes]))).toEqual(new Set(['RATE_LIMITED']));
    const waiting = filled.reduce((sum, one) => sum + one.waiting, 0) / 16; // in MiB
    expect(waiting).toBeGreaterThan(0.6 * WAITING_MIB);
    expect(waiting).toBeLessThan(WAITING_MIB);
    expect(peak.external - before.external).toBeLessThan(WAITING_MIB + IN_HAND_MIB);
    expect(peak.rss - before.rss).toBeLessThan(WAITING_MIB + IN_HAND_MIB + GARBAGE_MIB);
    await callPromptly(); // whatever waits, there is room for others
  }, 40_000);

  it('answers one account that sends 80 MB at once, parses little of it, and serves everybody else meanwhile', async () => {
    const before = await memory();
    const sockets = await Promise.all([1, 2, 3, 4].map((nr) => joined('loud', `raw-${nr}`)));
    const junk = `{"callId":"${randomUUID()}","junk":[${'{},'.repeat(33_000)}{}]}`;
    const ids = Array.from({ length: 190 }, (_, index) => index);
    const began = performance.now();
    const shouting = Promise.all(sockets.map((raw) => answers(raw, ids, 'call:end', () => junk)));
    const longest = await callPromptly();
    const said = (await shouting).flat();
    const seconds = (performance.now() - began) / 1_000;
    const { rss } = await memory();
    expect(longest).toBeLessThan(PROMPT_MS);
    const refused = said.filter(({ error }) => error.code === 'RATE_LIMITED');
    expect(said.length - refused.length).toBeLessThanOrEqual(85 + 11 * seconds); // 8 MiB, and 1 MiB a second
    expect(refused.every(({ error }) => error.retryAfterMs! > 0)).toBe(true);
    expect(rss - before.rss).toBeLessThan(IN_HAND_MIB + GARBAGE_MIB);
  }, 40_000);
});
