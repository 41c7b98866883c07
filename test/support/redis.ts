import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** Whether this machine has a Redis server; CI installs one. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

export class TestRedis {
  private constructor(
    readonly url: string,
    private readonly port: number,
    private process: ChildProcess,
  ) {}

  static async start(): Promise<TestRedis> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, 'close');
    return new TestRedis(`redis://127.0.0.1:${port}`, port, await run(port));
  }

  async kill(): Promise<void> {
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
  }

  /** It takes connections and commands, and does nothing. */
  freeze(): void {
    this.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.process.kill('SIGCONT');
  }

  /** The same address again, and nothing in it. */
  async restart(): Promise<void> {
    this.process = await run(this.port);
  }
}

async function run(port: number): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('Ready to accept connections')) {
      child.stdout.resume();
      return child;
    }
  }
  throw new Error('redis-server ended before it was ready');
}
