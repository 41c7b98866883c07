import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PushSimulator } from 'ringway-simulator';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { request } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';
import { BUNDLE, pushSettings } from '../../support/pushing.js';

const MAIN = new URL('../../../dist/main.js', import.meta.url).pathname;

interface Running {
  url: string;
  process: ChildProcess;
}

describe('a gateway killed at the worst moment', () => {
  let simulator: PushSimulator;
  let database: TestDatabase;
  let running: Running | null = null;
  const phones: Phone[] = [];

  beforeAll(async () => {
    simulator = await PushSimulator.start();
    database = await freshDatabase();
  });
  afterAll(async () => {
    for (const phone of phones) phone.disconnect();
    if (running) await kill(running);
    await simulator.stop();
    await database.drop();
  });

  async function start(): Promise<Running> {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        ...{
          PATH: process.env.PATH,
          NODE_ENV: 'test',
          PORT: '0',
          HOST: '127.0.0.1',
          DEMO: '1',
          RING_TIMEOUT_MS: '9000',
        },
        ...{ DATABASE_URL: database.url, ...(await pushSettings(simulator)) },
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /ready on (http:\S+)/.exec(line)?.[1];
      if (url) return { url: url.replace('localhost', '127.0.0.1'), process: child };
    }
    throw new Error('the gateway ended before it was ready');
  }

  async function kill({ process: child }: Running): Promise<void> {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    expect((await exit)[1]).toBe('SIGKILL');
  }

  async function phone(userId: string): Promise<Phone> {
    const { url } = running!;
    const { body } = await request(url, '/v1/dev/tokens', { method: 'POST', body: { userId } });
    const connected = new Phone({ url, userId, token: body.token, deviceId: `${userId}-phone` });
    phones.push(connected);
    await connected.connected();
    return connected;
  }

  it('right after the ack, before the push: the phone is woken after the restart, and the ring still ends on time', async () => {
    running = await start();
    const alice = await phone('alice');
    const { token } = simulator.registerIosDevice({ bundleId: BUNDLE, environment: 'sandbox' });
    const { body } = await request(running.url, '/v1/dev/tokens', {
      method: 'POST',
      body: { userId: 'bob' },
    });
    const registration = { platform: 'ios', voipToken: token, apnsEnvironment: 'sandbox', bundleId: BUNDLE };
    await request(running.url, '/v1/devices/iphone', {
      method: 'PUT',
      body: registration,
      token: body.token,
    });

    // Whatever is on its way to Apple at the kill gets lost there.
    simulator.inject({ service: 'apns-sandbox', fault: { kind: 'outage' } });
    const callId = await alice.calls('bob');
    await kill(running);
    simulator.clearFaults();
    running = await start();
    const push = await simulator.nextDelivery(token, 8_000);
    expect(push.payload).toMatchObject({ callId });

    const again = await phone('alice');
    await again.hears('sync', ({ calls }) => calls[0]?.callId === callId);
    const missed = await again.hears('call:missed');
    const rang = Date.parse(missed.call.endedAt!) - Date.parse(missed.call.initiatedAt);
    expect(missed.call).toMatchObject({ callId, outcome: 'missed', endReason: 'timeout' });
    expect(rang).toBeGreaterThanOrEqual(9_000);
  });

  it('while a call rings: everybody finds the truth again on the next connection', async () => {
    running ??= await start();
    const [alice, bob] = [await phone('carol'), await phone('dave')];
    const callId = await alice.calls('dave', { media: 'video' });
    await bob.say('call:ringing', { callId });
    await kill(running);
    running = await start();
    const back = await phone('dave');
    expect(await back.hears('sync')).toMatchObject({ calls: [{ callId, state: 'ringing', version: 2 }] });
    expect(await back.say('call:answer', { callId })).toMatchObject({ ok: true, call: { version: 3 } });
    const caller = await phone('carol');
    expect(await caller.hears('sync')).toMatchObject({ calls: [{ callId, state: 'answered' }] });
    expect(await caller.say('call:end', { callId })).toMatchObject({ ok: true });
    await back.hears('call:ended');
  });
});
