import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'ringway-embedded-postgres';
import { TcpProxy } from './tcp-proxy.js';

/** A PostgreSQL of one's own, at an address that stays the same, for tests that kill, freeze and cut it off. */
export class MortalPostgres {
  private constructor(
    private readonly dataDir: string,
    private server: EmbeddedPostgres,
    readonly wire: TcpProxy,
  ) {}

  static async start(): Promise<MortalPostgres> {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'ringway-mortal-'));
    const server = await startEmbeddedPostgres({ dataDir });
    return new MortalPostgres(dataDir, server, await TcpProxy.to(server.url));
  }

  /** By way of the wire. */
  get url(): string {
    return this.wire.url;
  }

  /** Without a goodbye and without a last write. */
  async kill(): Promise<void> {
    for (const pid of await serverProcesses(this.dataDir)) process.kill(pid, 'SIGKILL');
    await this.server.died;
  }

  /** On the data it had. */
  async restart(): Promise<void> {
    this.server = await startEmbeddedPostgres({ dataDir: this.dataDir });
    this.wire.redirect(this.server.url);
  }

  /** It accepts, because the kernel does, and says nothing. @returns how to go on */
  async freeze(): Promise<() => void> {
    const frozen = await serverProcesses(this.dataDir);
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    return () => {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    };
  }

  async stop(): Promise<void> {
    await this.wire.close();
    await this.server.stop();
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** Of the embedded PostgreSQL with these data: the server first, then who works for it. */
export async function serverProcesses(dataDir: string): Promise<number[]> {
  const file = await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8');
  const postmaster = Number(file.split('\n')[0]);
  const all = execFileSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' });
  const pairs = all
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return [postmaster, ...pairs.filter(([parent]) => parent === postmaster).map(([, pid]) => pid!)];
}
