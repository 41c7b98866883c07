import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '../support/gateway.js';
import type { Phone, Told } from '../support/phone.js';
import { BUNDLE, type PushingGateway, pushingGateway } from '../support/pushing.js';
import { workshop } from './run.js';
import { ROOT, samplesOf } from './samples.js';

const SWIFT = path.join(ROOT, 'scripts/swift.sh');
const STUBS = 'test/docs/ios-stubs';
/** Each a module of its own, so that a sample has to import what it uses. By name, they come after what they import. */
const FRAMEWORKS = readdirSync(path.join(ROOT, STUBS))
  .filter((name) => name.endsWith('.swift') && name !== 'phone.swift')
  .map((name) => path.parse(name).name)
  .sort();
const LANGUAGE = ['-swift-version', '5', '-parse-as-library'];
// On iOS, URLSession comes with Foundation.
const FOUNDATION = ['-Xfrontend', '-import-module', '-Xfrontend', 'FoundationNetworking'];

const samples = samplesOf('docs/ios.md').filter(({ language }) => language === 'swift');
/** `Session.swift`, as its reader would: the test says where the gateway is, and who is signed in. */
const fillIn = (code: string): string =>
  Object.entries({
    '"https://calls.example.com"': 'ProcessInfo.processInfo.environment["GATEWAY"]!',
    'userId: String? { UserDefaults.standard.string(forKey: "userId") }':
      'userId: String? { ProcessInfo.processInfo.environment["USER_ID"] }',
    'token: String? { nil }': 'token: String? { ProcessInfo.processInfo.environment["TOKEN"] }',
  }).reduce((text, [blank, filled]) => text.replace(blank, filled), code);
const INFO = `<plist version="1.0"><dict>
  <key>CFBundleExecutable</key><string>Phone</string>
  <key>CFBundleIdentifier</key><string>${BUNDLE}</string>
  <key>CFBundleShortVersionString</key><string>1.2.3</string>
</dict></plist>`;
/** What Xcode puts into a build that it starts itself: a property list inside a signature. */
const PROFILE = `\u0000signed\u0000<plist version="1.0"><dict><key>Entitlements</key>
  <dict><key>aps-environment</key><string>development</string></dict></dict></plist>\u0000by Apple`;

const about =
  (callId: string) =>
  ({ call }: Told): boolean =>
    call?.callId === callId;

// .ci/run installs a compiler where it can; who has none can do without these tests.
const swift = process.platform === 'linux' && spawnSync(SWIFT, ['swiftc', '--version']).status === 0;
if (!swift) console.warn('Swift is not installed: the Swift samples are neither compiled nor run');

/** The app of the page, launched. */
class Iphone {
  private readonly process: ChildProcess;
  private readonly said: AsyncIterator<string>;
  private readonly exit: Promise<unknown>;

  constructor(app: string, env: Record<string, string>) {
    this.process = spawn(SWIFT, [`${app}/Phone`], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.said = createInterface(this.process.stdout!)[Symbol.asyncIterator]();
    this.exit = once(this.process, 'exit');
  }

  happens(what: 'token' | 'push' | 'answer' | 'end' | 'open' | 'call', about: string | object = ''): void {
    this.process.stdin!.write(`${what} ${typeof about === 'string' ? about : JSON.stringify(about)}\n`);
  }

  /** @returns what it says next: a line for each thing that the app tells CallKit, and `done` when it is done with a push */
  async says(lines: number): Promise<string[]> {
    const heard: string[] = [];
    while (heard.length < lines) {
      heard.push(((await this.said.next()) as { value: string }).value);
    }
    return heard;
  }

  async stop(): Promise<void> {
    this.process.stdin!.end();
    await this.exit;
  }
}

(swift ? describe : describe.skip)('the Swift of docs/ios.md (needs Swift)', () => {
  const { folder: absolute, remove } = workshop();
  const folder = path.relative(ROOT, absolute);
  const phones: Iphone[] = [];
  let gateway: PushingGateway;
  let alice: Phone;

  beforeAll(async () => {
    gateway = await pushingGateway();
    alice = await gateway.phone('alice');
  });
  afterAll(async () => {
    for (const phone of phones) await phone.stop();
    await gateway.stop();
    remove();
  });

  /** @returns what the compiler has to say: nothing, if all is well */
  const compile = (...args: string[]): Promise<string> =>
    new Promise((resolve) => {
      const all = ['swiftc', ...LANGUAGE, '-I', folder, ...args];
      execFile(SWIFT, all, (error, stdout, stderr) => {
        resolve(stdout + stderr || (error ? `ended with ${error.code ?? error.signal}` : ''));
      });
    });
  const write = (name: string, text: string): string => {
    mkdirSync(path.join(absolute, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(absolute, name), text);
    return path.join(folder, name);
  };
  const launched = async (app: string, user?: string): Promise<Iphone> => {
    const session: Record<string, string> =
      user === undefined ? {} : { USER_ID: user, TOKEN: await gateway.token(user) };
    const phone = new Iphone(path.join(folder, app), { GATEWAY: gateway.url, ...session });
    phones.push(phone);
    return phone;
  };

  it('compiles, without a warning', async () => {
    for (const name of FRAMEWORKS) {
      const module = ['-module-name', name, '-emit-module-path', path.join(folder, `${name}.swiftmodule`)];
      const object = ['-emit-object', '-o', path.join(folder, `${name}.o`)];
      expect(await compile('-emit-module', ...module, ...object, path.join(STUBS, `${name}.swift`))).toBe('');
    }
    const files = samples.map(({ code, line }) => write(`ios.md-${line}.swift`, code));
    expect(files.length).toBeGreaterThan(5);
    expect(await compile('-typecheck', ...FOUNDATION, ...files)).toBe('');
  }, 120_000);

  it('becomes an app, once Session.swift is filled in', async () => {
    const files = samples.map(({ code, line }) => write(`filled/ios.md-${line}.swift`, fillIn(code)));
    const objects = FRAMEWORKS.map((name) => path.join(folder, `${name}.o`));
    for (const app of ['Store.app', 'Xcode.app']) write(`${app}/Info.plist`, INFO);
    write('Xcode.app/embedded.mobileprovision', PROFILE);
    const program = ['-o', path.join(folder, 'Store.app/Phone')];
    const sources = [...files, path.join(STUBS, 'phone.swift')];
    expect(await compile('-module-name', 'App', ...FOUNDATION, ...sources, ...objects, ...program)).toBe('');
    copyFileSync(path.join(absolute, 'Store.app/Phone'), path.join(absolute, 'Xcode.app/Phone'));
  }, 120_000);

  it.each([
    ['Xcode.app', 'sandbox'],
    ['Store.app', 'production'],
  ] as const)(
    '%s registers itself for the %s pushes, answers a call and hangs up',
    async (app, environment) => {
      const user = `bob-${environment}`;
      const phone = await launched(app, user);
      const { token } = gateway.simulator.registerIosDevice({ bundleId: BUNDLE, environment });
      phone.happens('token', token);
      const devices = await eventually(
        async () => (await gateway.http('/v1/devices', { as: user })).body.items,
        ({ length }) => length > 0,
      );
      expect(devices).toMatchObject([
        { apnsEnvironment: environment, bundleId: BUNDLE, name: 'iPhone', appVersion: '1.2.3' },
      ]);

      const callId = await alice.calls(user);
      phone.happens('push', (await gateway.simulator.nextDelivery(token)).payload);
      expect(await phone.says(2)).toEqual(['rings alice', 'done']);
      phone.happens('answer', callId);
      expect(await phone.says(1)).toEqual(['fulfilled']);
      const { call } = await alice.hears('call:answered', about(callId));
      expect(call.answeredBy).toBe(devices[0].deviceId);
      phone.happens('end', callId);
      expect(await phone.says(1)).toEqual(['fulfilled']);
      await alice.hears('call:ended', about(callId));
    },
  );

  describe('on a locked phone, without a login', () => {
    let phone: Iphone;
    beforeAll(async () => {
      phone = await launched('Store.app');
    });
    /** Alice calls. @returns the call, and the push that is on its way */
    const called = async (callee: string): Promise<{ callId: string; push: object }> => {
      const { token } = await gateway.iphone(callee);
      const callId = await alice.calls(callee);
      return { callId, push: (await gateway.simulator.nextDelivery(token)).payload };
    };

    it('rings when a push comes, and declines', async () => {
      const { callId, push } = await called('carol');
      phone.happens('push', push);
      expect(await phone.says(2)).toEqual(['rings alice', 'done']);
      await alice.hears('call:ringing', about(callId));
      phone.happens('end', callId);
      expect(await phone.says(1)).toEqual(['fulfilled']);
      await alice.hears('call:declined', about(callId));
    });

    it('answers', async () => {
      const { callId, push } = await called('dave');
      phone.happens('push', push);
      expect(await phone.says(2)).toEqual(['rings alice', 'done']);
      phone.happens('answer', callId);
      expect(await phone.says(1)).toEqual(['fulfilled']);
      await alice.hears('call:answered', about(callId));
    });

    it('rings once for a push that comes twice, and stops by itself when the caller gives up', async () => {
      const { callId, push } = await called('erin');
      phone.happens('push', push);
      expect(await phone.says(2)).toEqual(['rings alice', 'done']);
      phone.happens('push', push);
      expect(await phone.says(1)).toEqual(['done']);
      await alice.hears('call:ringing', about(callId));
      await alice.say('call:cancel', { callId });
      expect(await phone.says(1)).toEqual(['stops remoteEnded']);
    });

    it('stops when another phone of the user answers, and says so', async () => {
      const { callId, push } = await called('frank');
      phone.happens('push', push);
      expect(await phone.says(2)).toEqual(['rings alice', 'done']);
      const other = await gateway.phone('frank');
      await other.say('call:answer', { callId });
      expect(await phone.says(1)).toEqual(['stops answeredElsewhere']);
    });

    it('reports a push that comes too late, as iOS demands, and ends it at once', async () => {
      const { callId, push } = await called('grace');
      await alice.say('call:cancel', { callId });
      phone.happens('push', push);
      expect(await phone.says(3)).toEqual(['rings alice', 'done', 'stops remoteEnded']);
      expect((await alice.caughtUp()).about(callId)).not.toContain('call:ringing');
    });

    it('reports and ends a push that is not of the gateway, too', async () => {
      phone.happens('push', { aps: {} });
      expect(await phone.says(3)).toEqual(['rings somebody', 'stops failed', 'done']);
    });
  });

  describe('with the app open', () => {
    /** A phone whose user is online: what it hears now, it hears over the socket. */
    const opened = async (user: string): Promise<Iphone> => {
      const phone = await launched('Store.app', user);
      phone.happens('open');
      await eventually(
        async () => (await gateway.http(`/v1/presence?userIds=${user}`, { as: user })).body,
        (users) => users[0].reachable === 'online',
      );
      return phone;
    };

    it('rings, answers, hears the signals, and stops when the caller hangs up', async () => {
      const phone = await opened('heidi');
      const callId = await alice.calls('heidi');
      await alice.say('call:signal', { callId, signal: { early: true } });
      expect(await phone.says(1)).toEqual(['rings alice']);
      await alice.hears('call:ringing', about(callId));
      phone.happens('answer', callId);
      await alice.hears('call:answered', about(callId));
      // The signal that waited for the answer may overtake it.
      expect((await phone.says(2)).sort()).toEqual(['fulfilled', `signal 1 of call ${callId}`]);
      await alice.say('call:signal', { callId, signal: { late: true } });
      expect(await phone.says(1)).toEqual([`signal 2 of call ${callId}`]);
      await alice.say('call:end', { callId });
      expect(await phone.says(1)).toEqual(['stops remoteEnded']);
    });

    it('calls, is connected when the other side answers, and hangs up', async () => {
      const phone = await opened('ivan');
      phone.happens('call', 'alice');
      const { call } = await alice.hears('call:incoming', ({ call }) => call.caller.userId === 'ivan');
      expect(await phone.says(2)).toEqual(['fulfilled', 'connects']);
      await alice.say('call:answer', { callId: call.callId });
      expect(await phone.says(1)).toEqual(['is connected']);
      phone.happens('end', call.callId);
      expect(await phone.says(1)).toEqual(['fulfilled']);
      await alice.hears('call:ended', about(call.callId));
    });
  });
});
