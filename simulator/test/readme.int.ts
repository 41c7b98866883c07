import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Options, readOptions } from '../src/options.js';
import type { PushSimulator } from '../src/push-simulator.js';
import { startStandalone } from '../src/standalone.js';

const readme = readFileSync(path.join(import.meta.dirname, '../README.md'), 'utf8');
const samples = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code]) => code ?? '',
  );

let simulator: PushSimulator;
/** Inside the repository, so that samples find packages as a reader finds installed ones. */
let folder: string;

beforeAll(async () => {
  const coverage = path.resolve(import.meta.dirname, '../../coverage');
  mkdirSync(coverage, { recursive: true });
  folder = mkdtempSync(path.join(coverage, 'simulator-readme-'));
  const caFile = path.join(folder, '.ringway/simulator-ca.pem');
  simulator = await startStandalone(
    readOptions(['--port', '0', '--ca-file', caFile], {}) as Options,
    () => undefined,
  );
  for (const [i, code] of samples('js').entries()) {
    const [, name] = /^\/\/ (\S+)\n/.exec(code) ?? [];
    writeFileSync(path.join(folder, name ?? `${i}.mjs`), here(code));
  }
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await simulator.stop();
});

/** The sample, for a simulator that listens on other ports than the default ones. */
const here = (code: string): string =>
  code
    .replaceAll('http://127.0.0.1:21954', simulator.origins.control)
    .replaceAll('21951', new URL(simulator.origins.apnsSandbox).port);

async function run(script: string): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    NODE_NO_WARNINGS: '1',
    SIM_FCM_PORT: new URL(simulator.origins.fcm).port,
    SIM_TOKEN_PORT: new URL(simulator.origins.tokenUri).port,
  };
  const { stdout } = await promisify(execFile)('bash', ['-c', here(script)], { cwd: folder, env });
  return stdout;
}

describe('what the README says', () => {
  it('sends pushes with node-apn and firebase-admin that are accepted', async () => {
    const [, nodeApn = '', firebase = ''] = samples('sh');
    expect(await run(nodeApn)).toMatch(/^\{"sent":\[\{.*\}\],"failed":\[\]\}\n\[\]\n$/);
    expect(await run(firebase)).toMatch(/^projects\/ringway-demo\/messages\//);
  }, 30_000);

  it('pushes with curl, and each push is answered as the comment beside it says', async () => {
    const shell = samples('sh').slice(3).join('');
    const answers = (await run(shell)).split('\n').filter((line) => /^(\{"reason".*\})?\d{3}$/.test(line));
    const promised = [...shell.matchAll(/^push +# (\{"reason".*?\}\d{3}|\d{3})/gm)].map(
      ([, answer]) => answer,
    );
    expect(promised.length).toBeGreaterThan(5);
    expect(answers.map((line) => line.replace(/"timestamp":\d+/, '"timestamp":…'))).toEqual(promised);
  }, 30_000);

  it('tests a sender in the same process', async () => {
    const index = samples('js').findIndex((code) => code.includes('PushSimulator.start()'));
    const code = samples('js')[index] ?? '';
    expect(code).toContain('nextDelivery');
    const before = code.slice(0, code.indexOf('const { payload }'));
    writeFileSync(
      path.join(folder, 'library.mjs'),
      `${before}console.log(token.length); await simulator.stop();`,
    );
    expect(await run('node library.mjs')).toBe('64\n');
  });
});
