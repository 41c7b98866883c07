import { randomBytes } from 'node:crypto';
import {
  chown,
  link,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import {
  chooseAccount,
  EmbeddedPostgresError,
  isRoot,
  run,
  serverUser,
  type Account,
  type Binaries,
} from './host.js';

/** initdb takes about a second; a slow disk that syncs everything may take many. */
const INITDB_MS = 60_000;

/**
 * Level by level, because mkdir's own `recursive` never comes back where a folder exists and yet says ENOENT to a new
 * one, as /proc does.
 */
export async function makeFolder(folder: string): Promise<void> {
  if ((await tryToMake(folder)) === null) return;
  const parent = path.dirname(folder);
  if (parent !== folder && !(await exists(parent))) await makeFolder(parent);
  // Once more, also where the parent exists by now: another first start may just have made it.
  const missing = await tryToMake(folder);
  if (missing !== null) throw missing;
}

/** @returns null when the folder exists afterwards, an ENOENT otherwise. @throws any other error */
async function tryToMake(folder: string): Promise<Error | null> {
  try {
    await mkdir(folder);
    return null;
  } catch (error) {
    // Read-only and automounted file systems have other errors than EEXIST for what exists.
    if ((await stat(folder).catch(() => undefined))?.isDirectory()) return null;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return error as Error;
  }
}

/** Whole or not at all: two first starts at once agree on one password, a killed one leaves no empty file. */
export async function readOrMakePassword(file: string): Promise<string> {
  if (!(await exists(file))) {
    const draft = `${file}.${randomBytes(6).toString('hex')}`;
    await writeFile(draft, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx', flush: true });
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await rm(draft);
  }
  return (await readFile(file, 'utf8')).trim();
}

/**
 * Makes the cluster where there is none: beside its place, then renamed, so that what stands there is always whole.
 * @returns whether there was none
 */
export async function initialise(
  dataDir: string,
  cluster: string,
  password: string,
  binaries: Binaries,
  durable: boolean,
): Promise<boolean> {
  await sweepAbandoned(dataDir);
  if (await exists(path.join(cluster, 'PG_VERSION'))) return false;
  if ((await readdir(cluster).catch(() => [])).length > 0) {
    throw new EmbeddedPostgresError(
      `${cluster} holds files, but not those of a PostgreSQL cluster: move it away, or set RINGWAY_DATA_DIR or DATABASE_URL.`,
    );
  }
  const draft = await mkdtemp(path.join(dataDir, 'postgres.new-'));
  try {
    const { account } = await chooseAccount(draft, binaries);
    const { uid, gid } = await lstat(draft);
    const passwordFile = path.join(draft, 'password');
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (isRoot()) await lchown(passwordFile, uid, gid);
    const data = path.join(draft, 'data');
    const { code, output } = await run(
      [
        ...account.prefix,
        binaries.initdb,
        `--pgdata=${data}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        // Sorted by code point like C, and yet lower('É') is right; the same on every operating system.
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        ...(durable ? [] : ['--no-sync']),
      ],
      account,
      INITDB_MS,
    );
    if (code !== 0) {
      const why = output.split('\n').slice(-5).join(' | ');
      throw new EmbeddedPostgresError(`The embedded PostgreSQL could not initialise ${cluster}: ${why}`);
    }
    try {
      await rename(data, cluster);
    } catch (error) {
      // Another first start was faster. Its cluster is as good: the password is the same.
      if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
    if (durable) await syncFolder(dataDir);
    return true;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What a killed first start left behind; an hour is far beyond initdb's deadline. */
async function sweepAbandoned(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (!/^postgres\.new-|^postgres-password\./.test(name)) continue;
    const draft = path.join(dataDir, name);
    const age = Date.now() - ((await stat(draft).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > 3_600_000) await rm(draft, { recursive: true, force: true });
  }
}

/** Root can use anybody's data, and nobody can use root's. */
export async function refuseForeign(dataDir: string, cluster: string): Promise<void> {
  const uid = (await stat(cluster).catch(() => undefined))?.uid;
  if (uid === undefined || isRoot() || uid === process.getuid?.()) return;
  throw new EmbeddedPostgresError(
    `${cluster} belongs to another user (uid ${uid}; Ringway was started as root once?): chown all of ${dataDir} ` +
      'to the user who starts Ringway now, or set RINGWAY_DATA_DIR or DATABASE_URL.',
  );
}

export async function openCluster(cluster: string, binaries: Binaries): Promise<Account> {
  const { uid } = await stat(cluster);
  if (isRoot() && uid === 0) await giveAway(cluster, await serverUser(cluster)); // copied or restored by root
  const { account, major } = await chooseAccount(cluster, binaries);
  const written = (await readFile(path.join(cluster, 'PG_VERSION'), 'utf8')).trim();
  if (written !== major) {
    throw new EmbeddedPostgresError(
      `${cluster} was written by PostgreSQL ${written}, and this Ringway brings PostgreSQL ${major}: dump it with the ` +
        'Ringway that wrote it and load it into a new RINGWAY_DATA_DIR, or set DATABASE_URL to a server of your own.',
    );
  }
  return account;
}

async function giveAway(folder: string, user: { uid: number; gid: number }): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) await giveAway(at, user);
    else await lchown(at, user.uid, user.gid);
  }
  // The folder last: while root owns it, an interrupted walk is repeated.
  await chown(folder, user.uid, user.gid);
}

const exists = async (file: string): Promise<boolean> =>
  (await lstat(file).catch(() => undefined)) !== undefined;

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
