import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const VERSIONS = '/usr/lib/postgresql';

/**
 * The folder with the programs of the newest PostgreSQL that a distribution has installed here, or of the one that
 * `TEST_POSTGRES_VERSION` names; null when there is none.
 */
export function installedPostgres() {
  const wanted = process.env.TEST_POSTGRES_VERSION;
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).map(Number).filter(Boolean) : [];
  const [newest] = versions.filter((version) => !wanted || String(version) === wanted).sort((a, b) => b - a);
  const bin = newest === undefined ? null : path.join(VERSIONS, String(newest), 'bin');
  return bin !== null && existsSync(path.join(bin, 'initdb')) ? { bin, version: newest } : null;
}

/**
 * Starts that PostgreSQL as the distribution ships it, JIT included, on a cluster of its own. Only what a test machine needs
 * differs: more connections, and no waiting for the disk.
 */
export async function startInstalledPostgres({ bin }) {
  const home = mkdtempSync(path.join(tmpdir(), 'ringway-distribution-'));
  const data = path.join(home, 'data');
  // PostgreSQL refuses to run as root; the package has made a user for it.
  const as = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if ('uid' in as) chownSync(home, as.uid, as.gid);
  const options = { ...as, cwd: home, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } };
  execFileSync(path.join(bin, 'initdb'), ['-D', data, '-U', 'ringway', '--auth=trust', '--no-sync'], {
    ...options,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: home,
    max_connections: '300',
    fsync: 'off',
    port: String(port),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(path.join(bin, 'postgres'), ['-D', data, ...flags], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`the installed PostgreSQL ended with ${code}`)));
    createInterface({ input: server.stderr }).on('line', (line) => {
      if (line.includes('ready to accept connections')) resolve();
    });
  });
  return {
    url: `postgres://ringway@127.0.0.1:${port}/postgres?sslmode=disable`,
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const idOf = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
