import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'ringway-embedded-postgres';

/** A PostgreSQL whose processes can be killed and frozen; its data stay. */
export class KillablePostgres {
  private server!: EmbeddedPostgres;
  private frozen: number[] = [];

  private constructor(private readonly dataDir: string) {}

  static async start(dataDir: string): Promise<KillablePostgres> {
    const postgres = new KillablePostgres(dataDir);
    await postgres.start();
    return postgres;
  }

  get url(): string {
    return this.server.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** On the data that are there. A killed server may need a moment until the last of its processes is gone. */
  async start(): Promise<void> {
    // A process may die at any moment, a disk does not: without fsync what was committed is with the kernel.
    const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '100' };
    for (let attempt = 1; ; attempt++) {
      try {
        this.server = await startEmbeddedPostgres({ dataDir: this.dataDir, settings });
        return;
      } catch (error) {
        if (attempt === 20) throw error;
        await pause(250);
      }
    }
  }

  /** kill -9, of the server and of everything it has started. */
  async kill(): Promise<void> {
    this.thaw();
    for (const pid of await this.pids()) signal(pid, 'SIGKILL');
    await this.server.died;
  }

  async freeze(): Promise<void> {
    this.frozen = await this.pids();
    for (const pid of this.frozen) signal(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.frozen.splice(0)) signal(pid, 'SIGCONT');
  }

  /** For so long nobody can append, and whoever tries holds a connection of its pool. */
  async holdUpAppends(ms: number): Promise<void> {
    await this.query(
      `begin; lock table events in share row exclusive mode; select pg_sleep(${ms / 1_000}); rollback`,
    );
  }

  /** Ends all connections of the gateways, as a restart or an operator would. */
  async dropConnections(): Promise<void> {
    await this.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ringway %'`,
    );
  }

  /** One statement on a connection of its own. */
  async query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 10_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.server.stop();
  }

  private async pids(): Promise<number[]> {
    const file = await readFile(path.join(this.dataDir, 'postgres/postmaster.pid'), 'utf8');
    const postmaster = Number(file.split('\n')[0]);
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
    return [postmaster, ...children.trim().split(' ').filter(Boolean).map(Number)];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}
