import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError, serverEnvironment, type Account, type Binaries } from './host.js';

export interface LaunchOptions {
  readonly cluster: string;
  /** Locked (flock) as long as any process of the server lives. */
  readonly lockFile: string;
  readonly binaries: Binaries;
  readonly account: Account;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

export interface Server {
  readonly port: number;
  readonly died: Promise<string>;
  stop(withinMs?: number): Promise<boolean>;
}

/** A taken directory or port is an answer, not an exception: the caller decides how long to wait for it. */
export type Launched = { is: 'ready'; server: Server } | { is: 'directory in use' } | { is: 'port in use' };

/** A start, or a recovery after a crash, that says nothing for so long is not going to end. */
const SILENCE_MS = 20_000;
const LOCKED = 75;

/**
 * Runs the server and stops it when file 0 ends, whose other end is the gateway: so on stop(), on exit and on
 * kill -9 alike. SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one. It is repeated because a shell's
 * background command ignores SIGINT until PostgreSQL has installed its own handler.
 *
 * File 3 is the lock. A lock we got proves that no Ringway runs here, so a postmaster.pid is from a server that
 * was killed; PostgreSQL would mistake it for a live one when its number now belongs to somebody else (every
 * container starts counting at 1). A server somebody started by hand is recognised by its working directory.
 * macOS has no flock: there postmaster.pid alone decides.
 *
 * What is frozen (SIGSTOP, a debugger) hears SIGKILL only, and its children are frozen with it: each has to be killed, or
 * they keep the lock for ever. SIGUSR1 asks for that at once. The postmaster goes with them, so that it starts none anew.
 */
const WATCHDOG = `
cluster=$1; shift
trap '' HUP INT TERM
processes() {
  if [ -r /proc/self/stat ]; then
    for stat in /proc/[0-9]*/stat; do
      read -r line <"$stat" || continue
      set -- \${line##*) }
      pid=\${stat#/proc/}
      echo "\${pid%/stat} $2"
    done
  else ps -A -o pid=,ppid=; fi 2>/dev/null
}
kill_all() {
  kill -KILL $server $(processes | while read -r pid parent; do
    [ "$parent" != $server ] || echo $pid
  done)
}
if command -v flock >/dev/null 2>&1; then
  flock -n 3
  case $? in
    0) if read -r old <"$cluster/postmaster.pid" && [ -d /proc/self ]; then
         [ "/proc/$old/cwd" -ef "$cluster" ] || rm -f "$cluster/postmaster.pid"
       fi 2>/dev/null ;;
    1) exit ${LOCKED} ;;
  esac
fi
exec 4<&0
"$@" </dev/null >&2 4<&- &
server=$!
{
  read -r _ <&4
  for second in 1 2 3 4 5; do kill -INT $server || exit; sleep 1; done
  kill -QUIT $server; sleep 6; kill_all
} 3<&- >/dev/null 2>&1 &
watch=$!
trap 'kill_all; wait $server; kill -KILL $watch; exit 137' USR1
echo $server
exec 4<&-
wait $server; status=$?
kill -KILL $watch
exit $status
`;
/** The watchdog's five seconds, the six after SIGQUIT, and some. */
const STOP_MS = 15_000;
/** Until processes that were killed have gone. */
const KILL_MS = 500;

export async function launch(options: LaunchOptions): Promise<Launched> {
  const { cluster, port, log } = options;
  const lock = await open(options.lockFile, 'a', 0o600);
  const child = spawnWatchdog(options, lock.fd);
  const lines: string[] = [];
  let lastSign = Date.now();
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastSign = Date.now();
    lines.push(line);
    if (lines.length > 30) lines.shift();
    log(line);
  });
  let pid = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (pid += text));
  child.stdin.on('error', () => undefined); // the watchdog went first

  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      ended ??= how;
      child.stdin.destroy(); // if only the watchdog was killed, its other half stops the server now
      resolve();
    };
    child.once('exit', (code, signal) => end(signal ?? `status ${code}`));
    child.once('error', (error) => end(error.message));
  });
  // The watchdog has its own copy, and the lock is to end with it. Not before the listeners: it may end at once.
  await lock.close();
  // The last words may arrive after the exit; but a straggler that keeps the pipe open is not waited for.
  const spoken = Promise.race([
    new Promise<void>((resolve) => child.once('close', () => resolve())),
    exited.then(() => delay(500)),
  ]);

  let stopping: Promise<boolean> | undefined;
  const goneWithin = (ms: number): Promise<void> =>
    Promise.race([exited, delay(ms, undefined, { ref: false })]);
  const stop = (withinMs = STOP_MS): Promise<boolean> =>
    (stopping ??= (async () => {
      child.stdin.end();
      await goneWithin(withinMs - KILL_MS);
      if (ended === undefined) {
        log(`The embedded PostgreSQL (process ${pid.trim()}) does not stop, and is killed.`);
        child.kill('SIGUSR1');
        await goneWithin(KILL_MS);
      }
      return ended === 'status 0';
    })());

  while (!(await isReady(cluster, pid.trim()))) {
    if (ended !== undefined) {
      await spoken;
      return failure(ended, lines);
    }
    if (Date.now() - lastSign > SILENCE_MS) {
      await stop();
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL was not ready after ${SILENCE_MS / 1000} s of silence${quote(lines)}`,
      );
    }
    await delay(10);
  }
  const died = new Promise<string>((resolve) => {
    void spoken.then(() => {
      if (!stopping) resolve(`The embedded PostgreSQL ended unexpectedly (${ended})${quote(lines, 2)}`);
    });
  });
  return { is: 'ready', server: { port, died, stop } };
}

type Watchdog = ChildProcessByStdio<Writable, Readable, Readable>;

function spawnWatchdog(options: LaunchOptions, lock: number): Watchdog {
  const { cluster, port, binaries, account, settings } = options;
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    log_line_prefix: '',
    ...settings,
    port: `${port}`,
    // Lets whoever finds the directory in use say by whom; see gatewayOf().
    'ringway.gateway': `${process.pid}@${hostname()}`,
  };
  const server = [...account.prefix, binaries.postgres, '-D', cluster];
  for (const [name, value] of Object.entries(all)) server.push('-c', `${name}=${value}`);
  return spawn('/bin/sh', ['-c', WATCHDOG, 'ringway-postgres', cluster, ...server], {
    stdio: ['pipe', 'pipe', 'pipe', lock],
    detached: true, // its own session: Ctrl-C is for the gateway, which drains before it stops its database
    cwd: '/',
    env: serverEnvironment(),
    uid: account.uid,
    gid: account.gid,
  }) as Watchdog;
}

/** The server says so itself, in the file pg_ctl reads. */
async function isReady(cluster: string, pid: string): Promise<boolean> {
  const file = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = file.split('\n');
  return pid !== '' && lines[0] === pid && lines[7]?.trim() === 'ready';
}

function failure(how: string, lines: readonly string[]): Launched {
  const said = lines.join('\n');
  if (
    how === `status ${LOCKED}` ||
    /lock file ".*" already exists|shared memory block .* in use/.test(said)
  ) {
    return { is: 'directory in use' };
  }
  if (/could not bind .*Address already in use/.test(said)) return { is: 'port in use' };
  throw new EmbeddedPostgresError(`The embedded PostgreSQL did not start (${how})${quote(lines)}`);
}

const quote = (lines: readonly string[], count = 5): string => {
  const last = lines.slice(-count).map((line) => line.trim());
  return last.length === 0 ? '.' : `: ${last.join(' | ')}`;
};

/** The gateway that started the server of this directory last. `alive` is undefined on another host. */
export async function gatewayOf(cluster: string): Promise<{ name: string; alive?: boolean } | undefined> {
  const command = await readFile(path.join(cluster, 'postmaster.opts'), 'utf8').catch(() => '');
  const [, pid, host] = /ringway\.gateway=(\d+)@([^"\s]*)/.exec(command) ?? [];
  if (pid === undefined) return undefined;
  if (host !== hostname()) return { name: `process ${pid} on ${host}` };
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return { name: `process ${pid}`, alive: (error as NodeJS.ErrnoException).code === 'EPERM' };
  }
  return { name: `process ${pid}`, alive: true };
}

/** Free a moment ago; whoever launches tries another when it is not any more. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
