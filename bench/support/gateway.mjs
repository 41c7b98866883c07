// The built gateway as a child process, started again whenever it ends by itself.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ask, cpuOfTree, kill, rssOf } from './processes.mjs';

const MAIN = process.env.RINGWAY_MAIN ?? new URL('../../dist/main.js', import.meta.url).pathname;
const PROBE = new URL('./gateway-probe.mjs', import.meta.url).href;
const SAMPLE_MS = 200;
const READY_MS = 60_000;

export class Gateway {
  /** How often it ended although nobody had asked for it. */
  crashes = 0;
  /** The last lines it wrote before it last ended by itself. */
  lastWords = [];
  #child = null;
  #wanted = true;
  #begun = null;
  #cpuOfEnded = 0;
  #lastCpu = 0;
  #peakRss = 0;
  #sampler = setInterval(() => void this.#sample(), SAMPLE_MS);

  constructor(env) {
    this.env = env;
  }

  /** Resolves when it listens. */
  async start() {
    const child = spawn(process.execPath, ['--import', PROBE, MAIN], {
      env: { PATH: process.env.PATH, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    const lines = [];
    const note = (line) => lines.push(line) > 20 && lines.shift();
    createInterface({ input: child.stderr }).on('line', note);
    child.once('exit', (code, signal) => {
      this.#cpuOfEnded += this.#lastCpu;
      this.#lastCpu = 0;
      if (child !== this.#child || !this.#wanted) return;
      this.crashes++;
      this.lastWords = [`ended with ${code ?? signal}`, ...lines.slice(-3)];
      void this.start().catch(() => undefined);
    });
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the gateway was not ready in time')), READY_MS);
      child.once('exit', () => reject(new Error(`the gateway did not start: ${lines.join(' | ')}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        note(line);
        if (!/ready on http/.test(line)) return;
        clearTimeout(late);
        resolve();
      });
    });
  }

  /** kill -9; `start` starts it again. */
  async kill() {
    this.#wanted = false;
    await kill(this.#child);
    this.#wanted = true;
  }

  async stop() {
    clearInterval(this.#sampler);
    await this.kill();
    this.#wanted = false;
  }

  /** From here on its costs are counted. */
  async begin() {
    await this.#sample();
    this.#peakRss = 0;
    this.#begun = { crashes: this.crashes, cpu: this.#cpuOfEnded + this.#lastCpu };
    await ask(this.#child, 'begin', 15_000).catch(() => undefined);
  }

  /** @returns seconds of CPU, bytes of memory at the peak, milliseconds the event loop was late, and unasked ends */
  async end() {
    const delay = await ask(this.#child, 'end', 15_000).catch(() => null);
    await this.#sample();
    return {
      cpu: this.#cpuOfEnded + this.#lastCpu - this.#begun.cpu,
      rss: this.#peakRss,
      loopP99: delay?.p99 ?? null,
      loopMax: delay?.max ?? null,
      crashes: this.crashes - this.#begun.crashes,
    };
  }

  async #sample() {
    const { pid } = this.#child ?? {};
    if (pid === undefined) return;
    const [cpu, rss] = await Promise.all([cpuOfTree(pid), rssOf(pid)]);
    if (pid !== this.#child.pid) return;
    this.#lastCpu = cpu ?? this.#lastCpu;
    this.#peakRss = Math.max(this.#peakRss, rss ?? 0);
  }
}
