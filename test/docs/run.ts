import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, type Sample } from './samples.js';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder inside the project, so that samples find the project's packages as a reader finds installed ones. */
export function workshop(): { folder: string; remove(): void } {
  mkdirSync(path.join(ROOT, 'coverage'), { recursive: true });
  const folder = mkdtempSync(path.join(ROOT, 'coverage', 'samples-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const RUNNERS: Record<string, { command: string; file: string }> = {
  js: { command: process.execPath, file: 'sample.mjs' },
  python: { command: 'python3', file: 'sample.py' },
  php: { command: 'php', file: 'sample.php' },
  sh: { command: 'bash', file: 'sample.sh' },
};

export const isInstalled = (command: string): boolean => !spawnSync(command, ['--version']).error;

/** The program and arguments for a sample, written to a file of its own. */
export function programOf(sample: Sample, folder: string): [command: string, ...args: string[]] {
  const { command, file } = RUNNERS[sample.language]!;
  const place = path.join(folder, `${sample.line}-${sample.title ?? file}`);
  const strict = sample.language === 'sh' ? 'set -euo pipefail\n' : '';
  writeFileSync(place, strict + sample.code);
  return [command, place];
}

/** Runs a sample to its end, which must come within a minute. */
export function run(sample: Sample, folder: string, env: Record<string, string>): Promise<Ran> {
  const [command, ...args] = programOf(sample, folder);
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, cwd: folder });
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ ...ran, code });
    });
  });
}
