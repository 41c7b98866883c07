import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Wire } from './wire.js';

const MAIN = path.resolve('dist/main.js');
const STEPPED_CLOCK = path.resolve('test/nemesis/stepped-clock.mjs');

/** One gateway: a process that may die, freeze or lose its database, and a supervisor that starts it again. */
export class GatewayNode {
  /** Everything it ever said. */
  readonly said: string[] = [];
  /** Ends nobody asked for. */
  readonly crashes: string[] = [];
  private child: ChildProcess | null = null;
  private listensOn: number | null = null;
  private starting: Promise<void> | null = null;
  private wanted = true;
  private killed = new WeakSet<ChildProcess>();

  private constructor(
    readonly index: number,
    /** Between this gateway and its PostgreSQL. */
    readonly database: Wire,
    private readonly env: Record<string, string>,
  ) {}

  static async make(index: number, env: Record<string, string>): Promise<GatewayNode> {
    const database = await Wire.lay();
    const url = new URL(env.DATABASE_URL!);
    url.port = String(database.port);
    return new GatewayNode(index, database, { ...env, DATABASE_URL: url.href });
  }

  /** null while it is down. */
  get port(): number | null {
    return this.listensOn;
  }

  get url(): string {
    return `http://127.0.0.1:${this.listensOn ?? 1}`;
  }

  get up(): boolean {
    return this.listensOn !== null;
  }

  /** Resolves when it listens; started again and again as long as it ends before (its database may be away). */
  start(): Promise<void> {
    this.starting ??= this.startPatiently().finally(() => (this.starting = null));
    return this.starting;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.killed.add(child);
    this.listensOn = null;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Its wall clock goes wrong by so much. */
  stepClock(stepMs: number): void {
    if (this.child?.connected) this.child.send({ stepMs });
  }

  async stop(): Promise<void> {
    this.wanted = false;
    await this.kill();
    await this.starting?.catch(() => undefined);
    await this.kill();
    await this.database.close();
  }

  private async startPatiently(): Promise<void> {
    while (this.wanted && !this.up) {
      await this.launch();
      if (!this.up) await pause(100);
    }
  }

  private async launch(): Promise<void> {
    const child = spawn(process.execPath, ['--import', STEPPED_CLOCK, MAIN], {
      env: { PATH: process.env.PATH, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    const lines: string[] = [];
    const note = (line: string): void => {
      this.said.push(line);
      lines.push(line);
    };
    createInterface({ input: child.stderr! }).on('line', note);
    const ended = once(child, 'exit').then(([code]) => {
      if (this.child === child) this.listensOn = null;
      return code as number | null;
    });
    const ready = new Promise<number>((resolve) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        note(line);
        const port = /ready on http:\/\/localhost:(\d+)/.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
    });
    const port = await Promise.race([ready, ended.then(() => null)]);
    if (port === null) return; // refused to start: its database is away
    this.listensOn = port;
    void ended.then((code) => {
      if (this.killed.has(child)) return;
      this.crashes.push(`node ${this.index} ended by itself with ${code}: ${lines.slice(-5).join(' | ')}`);
      if (this.wanted) void this.start();
    });
  }
}
