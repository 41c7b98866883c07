import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Phone } from '../support/phone.js';
import { type PushingGateway, pushingGateway } from '../support/pushing.js';
import { isInstalled, workshop } from './run.js';
import { ROOT, type Sample, samplesOf } from './samples.js';

const STUBS = path.join(import.meta.dirname, 'android-stubs');
const KOTLIN = path.join(ROOT, 'node_modules/kotlin-compiler');
const COROUTINES = path.join(KOTLIN, 'lib/kotlinx-coroutines-core-jvm.jar');
const COMPILER = [
  // One core, and no time for optimizing what runs once: other tests run beside it.
  '-Xmx768m',
  '-XX:ActiveProcessorCount=1',
  '-XX:TieredStopAtLevel=1',
  '-cp',
  path.join(KOTLIN, 'lib/kotlin-compiler.jar'),
  'org.jetbrains.kotlin.cli.jvm.K2JVMCompiler',
  '-kotlin-home',
  KOTLIN,
  '-no-reflect',
  '-nowarn',
  '-cp',
  COROUTINES,
];

const page = samplesOf('docs/android.md');
const samples = page.filter(({ language }) => language === 'kotlin');
const manifest = page.find(({ code }) => code.startsWith('<manifest'))!.code;
/** A build file is a script: here it becomes a function. */
const sourceOf = ({ code, line }: Sample): string =>
  code.startsWith('package')
    ? code
    : `package gradle.line${line}; import gradle.*; fun build() {\n${code}}\n`;

// Nothing of Java is among the project's packages: .ci/run installs it, and who has none can do without these tests.
const java = isInstalled('java');
if (!java) console.warn('java is not installed: the Kotlin samples are neither compiled nor run');

(java ? describe : describe.skip)('the Kotlin of docs/android.md (needs java)', () => {
  const { folder, remove } = workshop();
  const classes = path.join(folder, 'classes');
  let gateway: PushingGateway;
  let alice: Phone;
  let process: ChildProcess;
  let said: AsyncIterator<string>;

  beforeAll(async () => {
    gateway = await pushingGateway();
    alice = await gateway.phone('alice');
  });
  afterAll(async () => {
    if (process) {
      const exit = once(process, 'exit');
      process.stdin!.end();
      await exit;
    }
    await gateway.stop();
    await gateway.simulator.stop();
    remove();
  });

  /** @returns what the compiler has to say: nothing, if all is well */
  const compile = (sources: string[]): Promise<string> =>
    new Promise((resolve) => {
      execFile('java', [...COMPILER, '-d', classes, ...sources], (error, stdout, stderr) => {
        resolve(stdout + stderr || (error ? `ended with ${error.code ?? error.signal}` : ''));
      });
    });

  it('compiles', async () => {
    const files = samples.map((sample) => {
      const file = path.join(folder, `android.md-${sample.line}.kt`);
      writeFileSync(file, sourceOf(sample));
      return file;
    });
    expect(files.length).toBeGreaterThan(15);
    const stubs = readdirSync(STUBS).filter((name) => name.endsWith('.kt'));
    const sources = [...stubs.map((name) => path.join(STUBS, name)), ...files];
    expect(await compile(sources)).toBe('');
    const classpath = [classes, path.join(KOTLIN, 'lib/kotlin-stdlib.jar'), COROUTINES].join(path.delimiter);
    process = spawn('java', ['-cp', classpath, 'com.example.calls.PhoneKt']);
    said = createInterface(process.stdout!)[Symbol.asyncIterator]();
  }, 120_000);

  it('has every class the manifest names', () => {
    const names = [...manifest.matchAll(/android:name="\.(\w+)"/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(5);
    const isThere = (name: string): boolean =>
      existsSync(path.join(classes, 'com/example/calls', `${name}.class`));
    expect(names.filter((name) => !isThere(name))).toEqual([]);
  });

  /** Something happens to the phone. @returns the notifications it shows then */
  const happens = async (what: 'push' | 'decline', data: object): Promise<string> => {
    process.stdin!.write(`${what} ${JSON.stringify(data)}\n`);
    return ((await said.next()) as { value: string }).value;
  };
  const called = async (callee: string): Promise<{ callId: string; next: () => Promise<object> }> => {
    const { token } = await gateway.android(callee);
    const callId = await alice.calls(callee);
    return { callId, next: async () => (await gateway.simulator.nextDelivery(token)).payload };
  };

  it('rings when a push comes, and declines without a login', async () => {
    const { callId, next } = await called('bob');
    const message = await next();
    expect(await happens('push', message)).toBe('incoming-calls');
    await alice.hears('call:ringing', ({ call }) => call?.callId === callId);
    expect(await happens('decline', message)).toBe('');
    await alice.hears('call:declined', ({ call }) => call?.callId === callId);
  });

  it('stops ringing when the caller gives up, and says who it was', async () => {
    const { callId, next } = await called('carol');
    expect(await happens('push', await next())).toBe('incoming-calls');
    await alice.hears('call:ringing', ({ call }) => call?.callId === callId);
    await alice.say('call:cancel', { callId });
    expect(await happens('push', await next())).toBe('missed-calls: alice');
  });

  it('does not ring for a push that comes too late', async () => {
    const { callId, next } = await called('dave');
    const late = await next();
    await alice.say('call:cancel', { callId });
    expect(await happens('push', late)).toBe('missed-calls: alice, missed-calls: alice');
  });
});
