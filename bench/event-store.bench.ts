import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbeddedPostgres } from 'ringway-embedded-postgres';
import { type Contestant, contestants } from './event-store/contestants.js';
import { type Sample, measure, median, prepare } from './event-store/measure.js';

/**
 * Beginning streams of one event, with fsync on: our event store against one append per statement, TypeORM's save() and
 * emmett. Every cell gets a fresh database. In every round, and for every number of callers, all of them come one after
 * the other in random order, so that a ratio compares neighbours in time; it is the median of the rounds' ratios.
 *
 *   npm run bench:event-store -- --rounds 15 --seconds 0.5 --callers 1,8,32,128
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '0.5' },
    callers: { type: 'string', default: '1,8,32,128' },
    data: { type: 'string', default: '.ringway/bench' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const callerCounts = values.callers.split(',').map(Number);

interface Cell {
  contestant: Contestant;
  callers: number;
  samples: Sample[];
}

function shuffled<T>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

async function main(): Promise<void> {
  await mkdir(values.data, { recursive: true });
  const dataDir = await mkdtemp(path.join(path.resolve(values.data), 'event-store-'));
  const server = await startEmbeddedPostgres({ dataDir });
  try {
    const version = await describeServer(server.url);
    for (const contestant of contestants) await prepare(server.url, contestant);
    const cells = callerCounts.flatMap((callers) =>
      contestants.map((contestant): Cell => ({ contestant, callers, samples: [] })),
    );
    for (let round = 1; round <= rounds; round++) {
      for (const callers of shuffled(callerCounts)) {
        for (const { contestant, samples } of shuffled(cells.filter((cell) => cell.callers === callers))) {
          samples.push(await measure(server.url, contestant, { callers, seconds }));
        }
      }
      console.error(`round ${round} of ${rounds}`);
    }
    report(version, cells);
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function describeServer(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, string>>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as commit`,
  );
  await client.end();
  const { version, fsync, commit } = rows[0]!;
  return `PostgreSQL ${version} (fsync ${fsync}, synchronous_commit ${commit})`;
}

function report(server: string, cells: readonly Cell[]): void {
  const [cpu] = cpus();
  const now = new Date().toISOString().slice(0, 10);
  console.log(`${now}, ${cpus().length} × ${cpu?.model.trim()}, Node ${process.versions.node}, ${server},`);
  console.log(`medians of ${rounds} interleaved rounds of ${seconds} s.\n`);
  console.log('| callers | | appends/s | best | p50 ms | p99 ms | Node µs/append | errors | Ringway is |');
  console.log('|--:|---|--:|--:|--:|--:|--:|--:|--:|');
  for (const cell of cells) {
    const { contestant, callers, samples } = cell;
    const us = cells.find((other) => other.callers === callers && isOurs(other) && sameWork(other, cell))!;
    const mid = (of: (sample: Sample) => number, digits: number) => median(samples.map(of)).toFixed(digits);
    const columns = [
      ...[callers, contestant.name, Math.round(speed(cell))],
      ...[Math.round(Math.max(...samples.map(({ perSecond }) => perSecond)))],
      ...[mid(({ p50 }) => p50, 2), mid(({ p99 }) => p99, 2), mid(({ cpu }) => cpu, 0)],
      ...[samples.reduce((sum, { errors }) => sum + errors, 0), us === cell ? '' : ratio(us, cell)],
    ];
    console.log(`| ${columns.join(' | ')} |`);
  }
  console.log(
    '\n| callers | the best other with the same guarantees | Ringway is | `INSERT` by hand: Ringway is |',
  );
  console.log('|--:|---|--:|--:|');
  for (const callers of callerCounts) {
    const peers = cells.filter((cell) => cell.callers === callers && !cell.contestant.jobs);
    const us = peers.find(isOurs)!;
    const others = peers.filter((cell) => cell !== us && !cell.contestant.floor);
    const best = others.reduce((a, b) => (speed(a) > speed(b) ? a : b));
    const floor = peers.find(({ contestant }) => contestant.floor)!;
    console.log(`| ${callers} | ${best.contestant.name} | ${ratio(us, best)} | ${ratio(us, floor)} |`);
  }
  const faults = cells.flatMap(({ samples }) => samples.flatMap((sample) => sample.faults));
  console.log(
    `\nCounts and versions verified after every cell: ${faults.length === 0 ? 'all right' : faults.join('; ')}.`,
  );
  if (faults.length > 0) process.exitCode = 1;
}

const speed = ({ samples }: Cell): number => median(samples.map(({ perSecond }) => perSecond));
const isOurs = ({ contestant }: Cell): boolean => contestant.name.includes('Ringway');
const sameWork = (one: Cell, other: Cell): boolean => one.contestant.jobs === other.contestant.jobs;
const ratio = (us: Cell, other: Cell): string =>
  `${median(us.samples.map(({ perSecond }, round) => perSecond / other.samples[round]!.perSecond)).toFixed(2)} ×`;

await main();
