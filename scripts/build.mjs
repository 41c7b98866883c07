// `npm run build`: the gateway, its console and the workspaces it starts, all at once; with names, only these workspaces.
// Types are for `npm run types`, and declarations of a package that is published for its `prepack`.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { transformFileSync } from '@swc/core';

const root = path.resolve(import.meta.dirname, '..');

/** Runs a tool of node_modules/.bin; ends this build when it fails. */
function run(tool, args, folder = '.') {
  return new Promise((resolve) => {
    const child = spawn(path.join(root, 'node_modules/.bin', tool), args, {
      cwd: path.join(root, folder),
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    child.on('error', (error) => fail(`${tool}: ${error.message}`));
    child.on('close', (code) => (code === 0 ? resolve() : fail(`${tool} ${args.join(' ')} failed`)));
  });
}

function fail(why) {
  console.error(`build: ${why}`);
  process.exit(1);
}

/** Strips the types of a workspace's sources, file by file. tsc would first read the types of Node and of every package. */
function strip(workspace) {
  const [from, to] = ['src', 'dist'].map((folder) => path.join(root, workspace, folder));
  for (const file of readdirSync(from, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const { code } = transformFileSync(path.join(from, file), {
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    const out = path.join(to, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(out), { recursive: true });
    writeFileSync(out, code);
  }
}

const named = process.argv.slice(2);
for (const workspace of named) strip(workspace);
if (named.length === 0) {
  const started = [
    run('nest', ['build']),
    run('tsc', ['-p', 'client/tsconfig.build.json', '--noCheck']).then(() =>
      run('vite', ['build', '--logLevel', 'warn'], 'web'),
    ),
  ];
  strip('simulator');
  strip('embedded-postgres');
  await Promise.all(started);
}
