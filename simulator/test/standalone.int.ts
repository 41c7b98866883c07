import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Options, readOptions } from '../src/options.js';
import { startStandalone } from '../src/standalone.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'simulator-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const options = (...args: string[]): Options =>
  readOptions(['--port', '0', '--ca-file', join(directory, 'deep', 'ca.pem'), ...args], {}) as Options;
const written = (name: string): string => readFileSync(join(directory, 'deep', name), 'utf8');

describe('on its own the simulator', () => {
  it('prints where it listens, and writes the authority to trust and the keys to use', async () => {
    let printed = '';
    const own = await startStandalone(options(), (text) => (printed += text));
    try {
      for (const origin of Object.values(own.origins)) expect(printed).toContain(origin);
      expect(written('ca.pem')).toBe(own.ca);
      expect(written('simulator-apns-key.p8')).toBe(own.apnsKey.key);
      expect(JSON.parse(written('simulator-service-account.json'))).toEqual(own.serviceAccount);
      for (const id of [own.apnsKey.keyId, own.apnsKey.teamId]) expect(printed).toContain(id);
      expect(printed).not.toContain('PRIVATE KEY');
      expect(statSync(join(directory, 'deep', 'simulator-apns-key.p8')).mode & 0o077).toBe(0);
    } finally {
      await own.stop();
    }
  });

  it('writes the settings of a gateway that pushes to it', async () => {
    const own = await startStandalone(options('--bundle-ids', 'com.a,com.b'), () => undefined);
    try {
      const settings = written('ca.env');
      const apps = JSON.parse(/APNS_APPS='(.*)'/.exec(settings)?.[1] ?? '') as object[];
      expect(apps).toMatchObject([
        { bundleId: 'com.a', environment: 'both', ...own.apnsKey },
        { bundleId: 'com.b', environment: 'both', ...own.apnsKey },
      ]);
      const projects = JSON.parse(/FCM_APPS='(.*)'/.exec(settings)?.[1] ?? '') as object[];
      expect(projects).toEqual([{ projectId: 'ringway-demo', serviceAccount: own.serviceAccount }]);
      expect(settings).toContain(`APNS_ORIGIN_SANDBOX='${own.origins.apnsSandbox}'`);
      expect(settings).toContain(`PUSH_CA_FILE='${join(directory, 'deep', 'ca.pem')}'`);
    } finally {
      await own.stop();
    }
  });

  it('does not start when a port is taken, and leaves nothing behind', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(
      startStandalone(options('--control-port', String(port)), () => undefined),
    ).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    taken.close();
  });
});

describe('the command ringway-simulator', () => {
  const command = join(import.meta.dirname, '../bin/ringway-simulator.js');
  const run = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [command, ...args], { cwd: directory, env: {} });

  it('lists its options when asked for help', async () => {
    const { stdout } = await run('--help');
    for (const option of ['--port', '--fcm-port', 'SIM_FCM_PORT', '21952']) expect(stdout).toContain(option);
  });

  it.each([
    [['--prot', '1'], /Unknown option '--prot'/],
    [['--fcm-port', 'many'], /--fcm-port must be a port, not 'many'/],
    [['start'], /Unexpected argument 'start'/],
    [['--port'], /--port/],
  ])('answers %j with what is wrong and the right ones', async (args, why) => {
    await expect(run(...args)).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(why) as string,
    });
    await expect(run(...args)).rejects.toMatchObject({
      stderr: expect.stringContaining('Usage: ringway-simulator [options]') as string,
    });
  });

  it('says in one line that a port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(run('--port', '0', '--fcm-port', String(port))).rejects.toMatchObject({
      code: 1,
      stderr: `ringway-simulator: port ${port} is in use: choose others, such as --port 0\n`,
    });
    taken.close();
  });
});
