import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { jest } from '@jest/globals';

// A process loads for seconds on a busy machine, and may have to wait for a database.
jest.setTimeout(60_000);

const MAIN = new URL('../../dist/main.js', import.meta.url).pathname;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** What it said on stderr to people: the lines that are not its JSON log. */
  complaint: string[];
}

/** `node dist/main.js` in a process of its own, with these settings and nothing else of this environment. */
export class GatewayChild {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  private readonly process: ChildProcess;

  /** @param nodeOptions of Node itself, e.g. `--max-old-space-size=512` */
  constructor(env: Record<string, string>, nodeOptions: string[] = []) {
    this.process = spawn(process.execPath, [...nodeOptions, MAIN], {
      env: { PATH: process.env.PATH, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(this.process, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
      complaint: this.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{')),
    }));
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Where it listens, once it says so. */
  async ready(): Promise<string> {
    for (;;) {
      const url = /ready on (http:\S+)/.exec(this.stdout)?.[1];
      if (url !== undefined) return url.replace('localhost', '127.0.0.1');
      const ended = await Promise.race([once(this.process.stdout!, 'data'), this.ended]);
      if ('code' in ended) throw new Error(`it ended instead of being ready: ${ended.stderr}`);
    }
  }

  /** Resolves once it has said this. */
  async says(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      const ended = await Promise.race([once(this.process.stdout!, 'data'), this.ended]);
      if ('code' in ended) throw new Error(`it ended before it said "${text}": ${ended.stderr}`);
    }
  }

  send(signal: NodeJS.Signals): Promise<Ended> {
    this.process.kill(signal);
    return this.ended;
  }
}
