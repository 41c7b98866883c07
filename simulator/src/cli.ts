import { startStandalone } from './standalone.js';

startStandalone(process.env, (text) => process.stdout.write(`${text}\n`)).then(
  (simulator) => {
    const stop = (): void => void simulator.stop().then(() => process.exit(0));
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  },
  (error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`The push simulator did not start: ${why}\n`);
    process.exit(1);
  },
);
