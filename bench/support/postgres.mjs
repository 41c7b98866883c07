// The PostgreSQL a benchmark runs on: the embedded one, one of Debian's as the distribution ships it, or somebody else's.
import { execFileSync, spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { cpuOfTree, usageOf } from './processes.mjs';

/**
 * @param major of the installed PostgreSQL to start, with its own defaults; without it: `DATABASE_URL`, else the embedded one
 * @returns `{url, version, cpu(), query(text, values?, database?), urlOf(database), stop()}`; `cpu` is in seconds, null where it
 *   cannot be known
 */
export async function startPostgres(major) {
  const server = major
    ? await installed(major)
    : process.env.DATABASE_URL
      ? { url: process.env.DATABASE_URL, stop: async () => undefined }
      : await embedded();
  const urlOf = (database) => {
    const url = new URL(server.url);
    url.pathname = `/${database}`;
    return url.href;
  };
  const query = async (text, values, database) => {
    const client = new pg.Client({ connectionString: database ? urlOf(database) : server.url });
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  const [{ version, pid }] = await query(
    `select current_setting('server_version') as version, pg_backend_pid() as pid`,
  );
  return { ...server, version, urlOf, query, cpu: await meter(server.url, pid) };
}

/** Only a backend that still lives leads to its server, and only on this machine. */
async function meter(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    "select pg_backend_pid() as pid, coalesce(host(inet_server_addr()), '') as host",
  );
  const here = ['', '127.0.0.1', '::1'].includes(rows[0].host);
  const backend = here ? await usageOf(rows[0].pid) : null;
  await client.end();
  return async () => (backend === null ? null : cpuOfTree(backend.parent));
}

async function embedded() {
  const { startEmbeddedPostgres } = await import('ringway-embedded-postgres');
  const dataDir = await mkdtemp(join(tmpdir(), 'ringway-bench-'));
  const { url, stop } = await startEmbeddedPostgres({ dataDir });
  return {
    url,
    stop: async () => {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function installed(major) {
  const bin = `/usr/lib/postgresql/${major}/bin`;
  const data = await mkdtemp(join(tmpdir(), `ringway-bench-postgres-${major}-`));
  // PostgreSQL refuses to be root.
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (user.uid !== undefined) await chown(data, user.uid, user.gid);
  const options = { ...user, cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] };
  execFileSync(`${bin}/initdb`, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'], options);
  const port = await freePort();
  const server = spawn(
    `${bin}/postgres`,
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'logging_collector=off'],
    { ...options, stdio: 'ignore' },
  );
  process.once('exit', () => server.kill('SIGINT')); // also of a benchmark that was broken off
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await reachable(url);
  return {
    url,
    stop: async () => {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT'); // fast shutdown
      await gone;
      await rm(data, { recursive: true, force: true });
    },
  };
}

const idOf = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));

async function reachable(url) {
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
