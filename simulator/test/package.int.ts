import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import * as http2 from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { post, providerToken, voipBody, voipHeaders } from './support/senders.js';

const run = promisify(execFile);
const workspace = path.resolve(import.meta.dirname, '..');
const modules = path.resolve(workspace, '../node_modules');
const bundleId = 'com.example.app';

let project: string;
let installed: string;

/** Packs the workspace as it is published, though built elsewhere: other tests run what is in its `dist`. */
async function pack(to: string): Promise<void> {
  const stage = path.join(to, 'stage');
  mkdirSync(stage);
  for (const part of ['package.json', 'README.md', 'bin'])
    cpSync(path.join(workspace, part), path.join(stage, part), { recursive: true });
  const tsc = path.join(modules, 'typescript/bin/tsc');
  const config = path.join(workspace, 'tsconfig.build.json');
  await run(process.execPath, [tsc, '-p', config, '--outDir', path.join(stage, 'dist')]);
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', to], { cwd: stage });
}

/** Unpacks the package into an empty project, with nothing beside it but the dependencies that it declares. */
beforeAll(async () => {
  project = mkdtempSync(path.join(tmpdir(), 'simulator-package-'));
  await pack(project);
  installed = path.join(project, 'node_modules/ringway-simulator');
  mkdirSync(installed, { recursive: true });
  const { version, dependencies } = manifest(workspace);
  const archive = path.join(project, `ringway-simulator-${version}.tgz`);
  await run('tar', ['-xzf', archive, '-C', installed, '--strip-components=1']);
  for (const name of Object.keys(dependencies)) {
    const link = path.join(project, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(modules, name), link);
  }
}, 60_000);
afterAll(() => rmSync(project, { recursive: true }));

function manifest(folder: string): {
  version: string;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
} {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as ReturnType<typeof manifest>;
}

describe('the package ringway-simulator, alone in an empty project,', () => {
  it('starts, and accepts a push that is as it should be', async () => {
    const command = path.join(installed, manifest(installed).bin['ringway-simulator'] ?? '');
    const child = spawn(process.execPath, [command, '--port', '0'], { cwd: project, env: {} });
    try {
      const origins: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        origins.push(...(/https?:\/\/\S+/.exec(line) ?? []));
        if (line.startsWith('control API')) break;
      }
      const [, sandbox = '', , , control = ''] = origins;
      const at = (file: string): string => path.join(project, '.ringway', file);
      const response = await fetch(`${control}/devices`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ platform: 'ios', bundleId, environment: 'sandbox' }),
      });
      const { token } = (await response.json()) as { token: string };
      const key = (await (await fetch(`${control}/keys`)).json()) as Parameters<
        typeof providerToken
      >[0]['key'];
      expect(readFileSync(at('simulator-apns-key.p8'), 'utf8')).toBe(key.key);

      const session = http2.connect(sandbox, { ca: readFileSync(at('simulator-ca.pem')) });
      await once(session, 'remoteSettings');
      const authorization = `bearer ${await providerToken({ key })}`;
      const reply = await post(session, voipHeaders({ token, authorization, bundleId }), voipBody());
      session.destroy();
      expect(reply.status).toBe(200);
      const next = await fetch(`${control}/devices/${token}/next`);
      expect(await next.json()).toMatchObject({ token, payload: { handle: 'alice' } });
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  }, 30_000);

  it('is imported as a library, with its phones', async () => {
    const script =
      "import { PushSimulator, VirtualIphone } from 'ringway-simulator';" +
      'const simulator = await PushSimulator.start();' +
      "const phone = new VirtualIphone({ simulator, gateway: 'http://localhost:1', userId: 'bob'," +
      "  bundleId: 'com.example.app', build: 'debug' });" +
      'console.log(simulator.devices().length, phone.state); await phone.stop(); await simulator.stop();';
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project });
    expect(stdout).toBe('1 asleep\n');
  });

  it('brings its types, and nothing but what is built', async () => {
    const { stdout } = await run('find', ['.', '-type', 'f'], { cwd: installed });
    const files = stdout.trim().split('\n');
    for (const file of ['./package.json', './README.md', './dist/index.d.ts', './dist/index.js'])
      expect(files).toContain(file);
    const allowed = /^\.\/(package\.json|README\.md|bin\/[^/]+\.js|dist\/.+\.(js|d\.ts))$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
  });
});
