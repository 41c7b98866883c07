import { createRequire } from 'node:module';
import { readOptions, usage, UsageError } from './options.js';
import { startStandalone } from './standalone.js';

/** `ringway-simulator` on the command line: starts, prints where everything is, and ends with SIGINT or SIGTERM. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') return print(usage);
  if (options === 'version') return print(version());
  const simulator = await startStandalone(options, print);
  const stop = (): void => void simulator.stop().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function version(): string {
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version;
}

function fail(error: unknown): never {
  const { message, code, port } = error as NodeJS.ErrnoException & { port?: number };
  const hint = code === 'EADDRINUSE' ? `port ${port} is in use: choose others, such as --port 0` : message;
  process.stderr.write(`ringway-simulator: ${hint}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${usage}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

main().catch(fail);
