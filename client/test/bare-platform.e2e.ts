import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type TestGateway, testGateway } from '../../test/support/gateway.js';

const PROGRAM = path.join(import.meta.dirname, 'bare-platform.mjs');
const require = createRequire(import.meta.url);
const run = promisify(execFile);
const FLAGS = ['--experimental-websocket', '--no-warnings'];

describe('a platform like React Native', () => {
  let gateway: TestGateway;
  let folder: string;
  beforeAll(async () => {
    gateway = await testGateway();
    folder = await mkdtemp(path.join(tmpdir(), 'ringway-bare-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await gateway.stop();
  });

  it('makes a call from the bundle, with neither a DOM nor crypto', async () => {
    await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
    const { stdout, stderr } = await run(process.execPath, [...FLAGS, PROGRAM, gateway.url, folder], {
      env: { PATH: process.env.PATH },
      timeout: 40_000,
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ signal: { type: 'offer', sdp: 'v=0' }, outcome: 'completed' });
  });

  it('has a compiler that takes the bundle: that of Hermes, which React Native runs', async () => {
    const compiler = require.resolve('hermes-compiler').replace(/index\.js$/, 'hermesc/linux64-bin/hermesc');
    if (`${process.platform} ${process.arch}` !== 'linux x64') return; // built for few machines
    const [bundle, bytecode] = ['ringway-client.iife.js', 'ringway-client.hbc'];
    await run(compiler, ['-w', '-emit-binary', '-out', bytecode, bundle], { cwd: folder, timeout: 40_000 });
    expect((await stat(path.join(folder, bytecode))).size).toBeGreaterThan(50_000);
  });
});
