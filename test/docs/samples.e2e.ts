import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { PushSimulator } from 'ringway-simulator';
import { type TestGateway, testGateway } from '../support/gateway.js';
import { isInstalled, run, workshop } from './run.js';
import { ROOT, type Sample, nameOf, samplesOf } from './samples.js';

const PAGES = [
  ...['README.md', 'client/README.md', 'docs/web.md', 'docs/backend.md'],
  ...['docs/push.md', 'docs/operations.md'],
];
/** Swift and Kotlin need their own tools, and have tests of their own; what else is in these pages is checked here. */
const samples = [...PAGES, 'docs/ios.md', 'docs/android.md'].flatMap(samplesOf);
const of = (...languages: string[]): Sample[] =>
  samples.filter(({ language }) => languages.includes(language));
const named = (list: Sample[]): [string, Sample][] => list.map((sample) => [nameOf(sample), sample]);

const SECRET = 'a secret of the app that is long enough';
/** Starts a gateway, or is for a machine with Apple's or Google's tools. */
const needsMore = ({ code }: Sample): boolean => /npm (start|ci|run)|gradle|xcrun|keytool/.test(code);
/** Samples that serve and never end have tests of their own. */
const serves = ({ title }: Sample): boolean => title?.startsWith('webhook.') ?? false;
const php = isInstalled('php');

describe('the samples of the documentation', () => {
  let simulator: PushSimulator;
  let demo: TestGateway;
  let strict: TestGateway;
  const { folder, remove } = workshop();
  beforeAll(async () => {
    simulator = await PushSimulator.start();
    const caFile = path.join(folder, 'ca.pem');
    writeFileSync(caFile, simulator.ca);
    [demo, strict] = await Promise.all([
      testGateway(simulator.gatewaySettings(['com.example.ringway'], caFile)),
      testGateway({ DEMO: '0', AUTH_SECRET: SECRET, PUBLIC_URL: 'http://gateway.test' }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([demo.stop(), strict.stop()]);
    await simulator.stop();
    remove();
  });

  const here = (sample: Sample): Sample => ({
    ...sample,
    code: sample.code
      .replaceAll(/https?:\/\/(localhost:3000|calls\.example\.com)/g, demo.url)
      .replaceAll('http://127.0.0.1:21954', simulator.origins.control),
  });
  const environment = async (): Promise<Record<string, string>> => {
    const callId = randomUUID();
    const user = `reader-${callId.slice(0, 8)}`;
    const TOKEN = await demo.token(user);
    const start = { callId, callee: 'bob', media: 'voice' };
    await demo.http('/v1/calls?deviceId=backend', { token: TOKEN, body: start });
    return { GATEWAY: demo.url, TOKEN, CALL_ID: callId, AUTH_SECRET: SECRET };
  };

  const programs = of('js', 'sh', 'python', 'php').filter(
    (sample) => !needsMore(sample) && !serves(sample) && (php || sample.language !== 'php'),
  );
  it.each(named(programs))('%s runs', async (_, sample) => {
    const { code, stdout, stderr } = await run(here(sample), folder, await environment());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    if (sample.title?.startsWith('token.')) {
      const answer = await strict.http('/v1/calls', { token: stdout.trim() });
      expect(answer).toMatchObject({ status: 200, body: { items: [] } });
    }
  });

  it.each(named(of('sh').filter(needsMore)))('%s is good shell', (_, { code }) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each(named(of('json')))('%s is JSON', (_, { code }) => {
    expect(() => JSON.parse(code) as unknown).not.toThrow();
  });

  it.each(named(of('xml')))('%s is XML', (_, { code }) => {
    const parse = 'import sys, xml.dom.minidom; xml.dom.minidom.parseString(sys.stdin.read())';
    const { status, stderr } = spawnSync('python3', ['-c', parse], { input: code, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each(named(of('http')))('%s is a request the gateway knows', async (_, { code }) => {
    const [, method, url] = /^(\w+) (\S+) HTTP\/1\.1$/m.exec(code)!;
    const { body } = await demo.http('/openapi.json');
    const known = Object.entries(body.paths as Record<string, object>).some(
      ([route, methods]) =>
        new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(url!) &&
        method!.toLowerCase() in methods,
    );
    expect({ url, known }).toEqual({ url, known: true });
  });

  it('in TypeScript have the right types', () => {
    const files = of('ts').map((sample) => {
      const pageFolder = sample.page.replaceAll(/\W/g, '-');
      const file = path.join(folder, `${sample.title ?? `${pageFolder}-${sample.line}.ts`}`);
      // Alone in a file, and a module even when it imports nothing.
      writeFileSync(file, `${sample.code}\nexport {};\n`);
      return file;
    });
    expect(files.length).toBeGreaterThan(5);
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    const options = {
      ...{ target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], module: 'nodenext', types: [] },
      ...{ strict: true, noEmit: true, skipLibCheck: true },
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  it('are all of a kind that is tested', () => {
    const languages = [...new Set(samples.map(({ language }) => language))].sort();
    expect(languages).toEqual([
      ...['http', 'ini', 'js', 'json', 'kotlin', 'mermaid', 'php', 'python', 'sh', 'swift', 'ts', 'xml'],
    ]);
  });
});
