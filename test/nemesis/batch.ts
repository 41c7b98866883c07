import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RARE, type Rare } from './rare.js';
import { type Round, playRound } from './round.js';
import { storyOf } from './failing-history.js';
import { World } from './world.js';

export interface Batch {
  rounds: number;
  calls: number;
  failed: { seed: number; file: string; what: string[] }[];
  /** What never happened although it must. */
  missing: Rare[];
}

export interface BatchOptions {
  firstSeed: number;
  /** Rounds to play at least, and for how long. */
  atLeast: number;
  seconds: number;
  /** As long as something rare has not happened, rounds are added up to this many. */
  atMost?: number;
  /** Where the histories of failing seeds go. */
  folder: string;
  say(line: string): void;
}

/** Round after round on one world, until the time is over and everything rare has happened. */
export async function playBatch(options: BatchOptions): Promise<Batch> {
  const { firstSeed, atLeast, seconds, atMost = Infinity, folder, say } = options;
  const missing = new Set<Rare>(RARE);
  const batch: Batch = { rounds: 0, calls: 0, failed: [], missing: [] };
  const end = Date.now() + seconds * 1_000;
  const world = await World.start();
  try {
    for (let seed = firstSeed; batch.rounds < atMost; seed++) {
      const due = batch.rounds < atLeast || Date.now() < end;
      if (!due && (missing.size === 0 || atMost === Infinity)) break;
      const round = await playRound(world, seed);
      batch.rounds++;
      batch.calls += round.calls;
      for (const rare of round.rare) missing.delete(rare);
      say(lineOf(round));
      if (round.violations.length === 0) continue;
      const file = path.join(folder, `seed-${seed}.txt`);
      await mkdir(folder, { recursive: true });
      await writeFile(file, storyOf(round));
      const what = [...new Set(round.violations.map(({ invariant, what }) => `${invariant}: ${what}`))];
      for (const line of what.slice(0, 5)) say(`    ${line}`);
      say(`    its history: ${file}`);
      batch.failed.push({ seed, file, what });
    }
  } finally {
    await world.stop();
  }
  batch.missing = [...missing];
  say(summary(batch));
  return batch;
}

const lineOf = ({ seed, calls, operations, faults, violations, rare, ms }: Round): string =>
  `seed ${seed}: ${calls} calls, ${operations} commands, ${faults.length} faults, ${rare.size} rare things, ` +
  `${(ms / 1_000).toFixed(1)} s: ${violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`}`;

function summary({ rounds, calls, failed, missing }: Batch): string {
  const verdict =
    failed.length === 0
      ? 'no invariant violated'
      : `violated with ${failed.map(({ seed }) => seed).join(', ')}`;
  const vacuous =
    missing.length === 0 ? 'everything rare happened' : `VACUOUS, never happened: ${missing.join('; ')}`;
  return `${rounds} seeds, ${calls} calls: ${verdict}; ${vacuous}`;
}
