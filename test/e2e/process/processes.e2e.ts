import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type HttpAnswer, eventually, request } from '../../support/gateway.js';
import { GatewayChild } from '../../support/gateway-child.js';

const run = promisify(execFile);
const support = (name: string): string => path.join(import.meta.dirname, '../../support', name);

/** Debian's packages are of Debian's Python, whichever comes first in PATH. */
const python = ['/usr/bin/python3', 'python3'].find(
  (program) => spawnSync(program, ['-c', 'import socketio, websocket']).status === 0,
);

const parse = (stdout: string): unknown[][] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown[]);

describe('a new user', () => {
  let dataDir: string;
  let gateway: GatewayChild;
  let url: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'ringway-e2e-'));
    gateway = new GatewayChild({ RINGWAY_DATA_DIR: dataDir });
    url = await gateway.ready();
  });
  afterAll(async () => {
    await gateway.send('SIGTERM');
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
  });

  const get = async (userId: string, at: string): Promise<HttpAnswer['body']> => {
    const { body } = await request(url, '/v1/dev/tokens', { body: { userId } });
    return (await request(url, at, { token: body.token })).body;
  };
  /** The history and the timeline tell of a video call that rang, was answered by this device and was hung up. */
  const expectTold = async (callId: string, answeredBy: string): Promise<void> => {
    const call = {
      callId,
      media: 'video',
      state: 'ended',
      outcome: 'completed',
      endReason: 'hangup',
      answeredBy,
      version: 4,
    };
    expect((await get('alice', '/v1/calls?limit=1')).items).toMatchObject([
      { ...call, direction: 'outgoing' },
    ]);
    expect((await get('bob', '/v1/calls?limit=1')).items).toMatchObject([{ ...call, direction: 'incoming' }]);
    const { items } = await get('bob', `/v1/calls/${callId}/events`);
    const types = items.filter(({ stream }) => stream === 'call').map(({ type }) => type as string);
    expect(types).toEqual(['CallInitiated', 'CallRinging', 'CallAnswered', 'CallEnded']);
  };

  it('is told where everything is, and how to get a token', () => {
    expect(gateway.stdout).toMatch(/^Ringway is ready on http:\/\/localhost:\d+$/m);
    expect(gateway.stdout).toMatch(/Console +http:/);
    expect(gateway.stdout).toMatch(/curl .*\/v1\/dev\/tokens/);
  });

  it('makes a video call through all states with two plain Node processes', async () => {
    const callId = randomUUID();
    const phone = (...args: string[]) =>
      run(process.execPath, [support('plain-phone.mjs'), url, ...args], { timeout: 20_000 });
    const callee = phone('callee');
    const presence = async (): Promise<string> =>
      JSON.stringify(await get('alice', '/v1/presence?userIds=bob'));
    await eventually(presence, (text) => text.includes('online'));
    const [caller, { stdout: ofCallee }] = await Promise.all([phone('caller', callId), callee]);
    const [said, heard] = [parse(caller.stdout), parse(ofCallee)];
    const answers = (lines: unknown[][]): unknown[] =>
      lines.filter(([what]) => what === 'answer').map(([, event, answer]) => [event, answer]);
    expect(answers(said)).toMatchObject([
      ['call:initiate', { ok: true, call: { callId, state: 'initiated', caller: { name: 'Alice' } } }],
      ['call:signal', { ok: true, seq: 1 }],
      ['call:signal', { ok: true, seq: 2 }],
      ['call:end', { ok: true, call: { outcome: 'completed' } }],
    ]);
    expect(answers(heard)).toMatchObject([
      ['call:ringing', { ok: true, call: { state: 'ringing' } }],
      [
        'call:answer',
        { ok: true, call: { state: 'answered', answeredBy: 'bob-node', callee: { name: 'Bob' } } },
      ],
      ['call:signal', { ok: true, seq: 1 }],
      ['call:media', { ok: true }],
    ]);
    const events = (lines: unknown[][]): unknown[] =>
      lines.filter(([what]) => what === 'heard').map(([, event]) => event);
    expect(events(said)).toEqual(
      expect.arrayContaining([
        'sync',
        'call:ringing',
        'call:answered',
        'call:signal',
        'call:media',
        'call:ended',
      ]),
    );
    expect(events(heard)).toEqual(
      expect.arrayContaining(['sync', 'call:incoming', 'call:answered', 'call:signal', 'call:ended']),
    );
    await expectTold(callId, 'bob-node');
  });

  // Only where it is installed; .ci/run installs it.
  if (python !== undefined) {
    it('makes a video call through all states with python3-socketio, a client nobody here wrote', async () => {
      const callId = randomUUID();
      const { stdout } = await run(python, [support('foreign_phones.py'), url, callId], { timeout: 30_000 });
      const lines = parse(stdout);
      const of = (who: string, what: string): unknown[] =>
        lines
          .filter(([by, kind]) => by === who && kind === what)
          .map(([, , event, payload]) => [event, payload]);
      expect(of('alice', 'answer')).toMatchObject([
        ['call:initiate', { ok: true, call: { callId } }],
        ['call:signal', { ok: true, seq: 1 }],
        ['call:end', { ok: true, call: { outcome: 'completed' } }],
        ['sync', { ok: true, signals: [] }],
      ]);
      expect(of('bob', 'answer')).toMatchObject([
        ['call:ringing', { ok: true }],
        ['call:answer', { ok: true, call: { answeredBy: 'bob-python' } }],
        ['call:signal', { ok: true, seq: 1 }],
        ['call:media', { ok: true }],
        ['sync', { ok: true, signals: [] }],
      ]);
      expect(of('alice', 'heard').map((line) => (line as unknown[])[0])).toEqual(
        expect.arrayContaining(['call:ringing', 'call:answered', 'call:signal', 'call:media', 'call:ended']),
      );
      await expectTold(callId, 'bob-python');
    });
  }
});
