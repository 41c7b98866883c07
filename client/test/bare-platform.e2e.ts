import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type TestGateway, testGateway } from '../../test/support/gateway.js';

const PROGRAM = path.join(import.meta.dirname, 'bare-platform.mjs');
const FLAGS = ['--experimental-websocket', '--no-warnings'];

describe('a platform like React Native', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());

  it('makes a call from the bundle, with neither a DOM nor crypto', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'ringway-bare-'));
    await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
    const program = promisify(execFile)(process.execPath, [...FLAGS, PROGRAM, gateway.url, folder], {
      env: { PATH: process.env.PATH },
      timeout: 40_000,
    });
    const { stdout, stderr } = await program.finally(() => rm(folder, { recursive: true }));
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ signal: { type: 'offer', sdp: 'v=0' }, outcome: 'completed' });
  });
});
