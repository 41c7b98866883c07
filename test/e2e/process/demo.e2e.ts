import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jest } from '@jest/globals';
import { request } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';

// Each of them makes a PostgreSQL of its own first.
jest.setTimeout(120_000);

const MAIN = new URL('../../../dist/main.js', import.meta.url).pathname;

interface Demo {
  url: string;
  process: ChildProcess;
  said: string[];
}

/** `node dist/main.js` on a machine where nobody has set anything; ready when the cast can be called. */
async function startDemo(dataDir: string, env: Record<string, string> = {}): Promise<Demo> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', RINGWAY_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line.trim());
    url ??= /ready on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined && line.includes('Call ivy')) return { url, process: child, said };
  }
  throw new Error(`the demo ended before anybody could be called: ${said.join('\n')}`);
}

async function end({ process: child }: Demo): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exit = once(child, 'exit') as Promise<[number | null]>;
  child.kill('SIGTERM');
  return (await exit)[0];
}

describe('the demo', () => {
  let dataDir: string;
  let demo: Demo | null = null;
  const phones: Phone[] = [];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringway-demo-'));
  });
  afterEach(async () => {
    for (const phone of phones.splice(0)) phone.disconnect();
    if (demo) await end(demo);
    demo = null;
    await rm(dataDir, { recursive: true, force: true });
  });

  async function aliceOn({ url }: Demo): Promise<{ caller: Phone; token: string }> {
    const answer = await request(url, '/v1/dev/tokens', { method: 'POST', body: { userId: 'alice' } });
    const { token } = answer.body as { token: string };
    const caller = new Phone({ url, userId: 'alice', deviceId: 'browser', token });
    phones.push(caller);
    await caller.connected();
    return { caller, token };
  }

  it('has three sleeping phones: each is woken, rings and answers, and everything ends cleanly', async () => {
    demo = await startDemo(dataDir);
    expect(demo.said).toContain(
      'Call ivy (iPhone, debug build), sam (iPhone, App Store build) or ada (Android): they are asleep and will be woken',
    );
    const { caller, token } = await aliceOn(demo);
    for (const [callee, platform, environment] of [
      ['ivy', 'ios', 'sandbox'],
      ['sam', 'ios', 'production'],
      ['ada', 'android', undefined],
    ] as const) {
      const callId = await caller.calls(callee, { media: 'video' });
      const mine = ({ call }: { call: { callId: string } }): boolean => call.callId === callId;
      const ringing = await caller.hears('call:ringing', mine);
      const answered = await caller.hears('call:answered', mine);
      const [from, to] = [ringing.call.ringingAt, answered.call.answeredAt].map((at) =>
        Date.parse(String(at)),
      );
      expect(to! - from!).toBeGreaterThan(1_500);
      const { body } = await request(demo.url, `/v1/calls/${callId}/explain`, { token });
      expect(body).toMatchObject({ code: 'answered_after_wake', devices: [{ platform }] });
      const accepted = body.devices[0].steps.find(({ step }: { step: string }) => step === 'push-accepted');
      expect(accepted.environment).toBe(environment);
      await caller.say('call:end', { callId });
    }
    expect(await end(demo)).toBe(0);
  });

  // Its pushes name `localhost`, where nobody listens now. Other systems than Linux have no such address.
  (process.platform === 'linux' ? it : it.skip)('rings wherever it listens', async () => {
    demo = await startDemo(dataDir, { HOST: '127.0.0.2' });
    expect(demo.url).toContain('127.0.0.2');
    const { caller } = await aliceOn(demo);
    const callId = await caller.calls('ivy');
    await caller.hears('call:ringing', ({ call }) => call.callId === callId);
    await caller.hears('call:answered', ({ call }) => call.callId === callId);
    expect(await end(demo)).toBe(0);
  });
});
