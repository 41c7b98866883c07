import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freshDatabase } from '../../support/database.js';
import { type HttpAnswer, eventually, request } from '../../support/gateway.js';
import { serverProcesses } from '../../support/mortal-postgres.js';
import { Phone } from '../../support/phone.js';
import { GatewayChild } from '../../support/gateway-child.js';

const RING_MS = 6_000;

/** One story, in order: what is true of a gateway's data from its first start on, however its process ends. */
describe('a gateway with its own PostgreSQL', () => {
  let dataDir: string;
  let gateway: GatewayChild;
  let url: string;
  const phones: Phone[] = [];
  const tokens: Record<string, string> = {};
  const start = async (): Promise<void> => {
    gateway = new GatewayChild({
      NODE_ENV: 'test',
      DEMO: '1',
      RING_TIMEOUT_MS: String(RING_MS),
      RINGWAY_DATA_DIR: dataDir,
    });
    url = await gateway.ready();
  };
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'ringway-e2e-'));
    await start();
    for (const userId of ['alice', 'bob']) {
      tokens[userId] = (await request(url, '/v1/dev/tokens', { body: { userId } })).body.token;
    }
  });
  afterEach(() => {
    for (const phone of phones.splice(0)) phone.disconnect();
  });
  afterAll(async () => {
    await gateway.send('SIGTERM');
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
  });

  const phone = async (userId: string): Promise<Phone> => {
    const made = new Phone({ url, userId, deviceId: `${userId}-phone`, token: tokens[userId]! });
    phones.push(made);
    await made.connected();
    return made;
  };
  const get = (userId: string, at: string): Promise<HttpAnswer> =>
    request(url, at, { token: tokens[userId] });
  let before: unknown[];

  it('stops on SIGTERM within 10 s: it sends its clients elsewhere, says that it is not ready, and exits with 0', async () => {
    const [alice, bob] = [await phone('alice'), await phone('bob')];
    const callId = await alice.calls('bob', { metadata: { kept: 'for ever' } });
    await bob.say('call:answer', { callId });
    before = (await get('alice', `/v1/calls/${callId}/events`)).body.items;
    const asked = Date.now();
    const ended = gateway.send('SIGTERM');
    for (const one of [alice, bob]) {
      const { reconnectInMs } = await one.hears('server:draining');
      expect(reconnectInMs).toBeGreaterThanOrEqual(0);
    }
    expect(await get('alice', '/health/ready')).toMatchObject({ status: 503, body: { status: 'down' } });
    // What was begun may be finished: the call can still be hung up while phones move on.
    expect((await get('alice', `/v1/calls/${callId}`)).status).toBe(200);
    await Promise.all([alice.hears('disconnect'), bob.hears('disconnect')]);
    expect(await ended).toMatchObject({ code: 0, signal: null, complaint: [] });
    expect(Date.now() - asked).toBeLessThan(10_000);
  });

  it('has all data, and takes the same tokens, after a restart', async () => {
    await start();
    const { calls } = await (await phone('bob')).hears('sync');
    expect(calls).toMatchObject([{ state: 'answered', metadata: { kept: 'for ever' } }]);
    const { callId } = calls[0]!;
    // The record of waking bob is written beside the call's, and may have been completed after that look.
    const after = (await get('alice', `/v1/calls/${callId}/events`)).body.items;
    expect(after).toEqual(expect.arrayContaining(before));
    const ended = await request(url, `/v1/calls/${callId}/end?deviceId=x`, {
      token: tokens.alice,
      method: 'POST',
    });
    expect(ended).toMatchObject({ status: 200, body: { call: { outcome: 'completed' } } });
  });

  it('starts again after kill -9, and a call that was ringing is missed at its time', async () => {
    const [alice, bob] = [await phone('alice'), await phone('bob')];
    const callId = await alice.calls('bob');
    await bob.hears('call:incoming');
    await bob.say('call:ringing', { callId });
    expect(await gateway.send('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    await start();
    const again = await phone('alice');
    const { calls } = await again.hears('sync');
    const { ringExpiresAt } = calls.find((call) => call.callId === callId)!;
    const ended = async (): Promise<HttpAnswer> => get('bob', `/v1/calls/${callId}`);
    const { body } = await eventually(ended, ({ body: call }) => call.state === 'ended');
    expect(body).toMatchObject({ outcome: 'missed', endReason: 'timeout', ringExpiresAt });
    const late = Date.parse(body.endedAt as string) - Date.parse(ringExpiresAt);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(3_000);
    await again.hears('call:missed', ({ call }) => call.callId === callId);
  });

  it('stops within 10 s also when PostgreSQL is frozen, says that it killed it, and has all data afterwards', async () => {
    const alice = await phone('alice');
    const callId = await alice.calls('bob');
    for (const pid of await serverProcesses(dataDir)) process.kill(pid, 'SIGSTOP');
    const asked = Date.now();
    const { code, stderr } = await gateway.send('SIGTERM');
    expect(Date.now() - asked).toBeLessThan(10_000);
    expect(code).toBe(0);
    expect(stderr).toContain('PostgreSQL did not stop in time and was killed; it recovers at its next start');
    await start();
    expect(await get('bob', `/v1/calls/${callId}`)).toMatchObject({ status: 200, body: { callId } });
  });

  it('lets no second instance at its data: one line, status 1, and the first one goes on', async () => {
    const second = await new GatewayChild({ DEMO: '1', RINGWAY_DATA_DIR: dataDir }).ended;
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.complaint).toEqual([expect.stringContaining(dataDir)]);
    expect((await get('alice', '/health/ready')).status).toBe(200);
  });

  it('lets no second instance at its port: one line, status 1, and the first one goes on', async () => {
    const { port } = new URL(url);
    const database = await freshDatabase();
    const second = await new GatewayChild({ DEMO: '1', PORT: port, DATABASE_URL: database.url }).ended;
    await database.drop();
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.complaint).toEqual([expect.stringMatching(new RegExp(`port ${port} .*PORT`))]);
    expect((await get('alice', '/health/ready')).status).toBe(200);
  });
});
