// `npm run build`: the gateway, its console and the workspaces it starts, all at once. Types are for `npm run types`.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a tool of node_modules/.bin; ends this build when it fails. */
function run(tool, args, folder = '.') {
  return new Promise((resolve) => {
    const child = spawn(`${root}node_modules/.bin/${tool}`, args, {
      cwd: `${root}${folder}`,
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

const compile = (workspace) => run('tsc', ['-p', `${workspace}/tsconfig.build.json`, '--noCheck']);

await Promise.all([
  run('nest', ['build']),
  compile('client').then(() => run('vite', ['build', '--logLevel', 'warn'], 'web')),
  compile('simulator'),
  compile('embedded-postgres'),
]);
