import path from 'node:path';
import { parseArgs } from 'node:util';
import { playBatch } from './batch.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** Instead of a time: so many rounds. */
    rounds: { type: 'string' },
  },
});
const rounds = values.rounds === undefined ? null : Number(values.rounds);
const batch = await playBatch({
  firstSeed: Number(values.seed),
  atLeast: rounds ?? 1,
  seconds: rounds === null ? Number(values.seconds) : 0,
  folder: path.resolve('nemesis-histories'),
  say: (line) => process.stdout.write(`${line}\n`),
});
// A few rounds on purpose need not show everything.
const vacuous = rounds === null && batch.missing.length > 0;
process.exit(batch.failed.length > 0 || vacuous ? 1 : 0);
