// `npm run check`: types, lint, boundaries and unit tests, as many at once as there are cores; each prints when it is done.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const scripts = ['lint', 'types', 'test:unit', 'boundaries']; // the longest first
const began = performance.now();

function run(script) {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script], { shell: process.platform === 'win32' });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    child.on('close', (code) => {
      const seconds = ((performance.now() - began) / 1_000).toFixed(0);
      console.log(
        `${code === 0 ? 'ok' : 'FAILED'}  ${script}, after ${seconds} s\n${code === 0 ? '' : said}`,
      );
      resolve(code === 0);
    });
  });
}

const results = [];
async function worker() {
  for (let script = scripts.shift(); script !== undefined; script = scripts.shift())
    results.push(await run(script));
}
await Promise.all(Array.from({ length: availableParallelism() }, worker));
process.exit(results.every(Boolean) ? 0 : 1);
