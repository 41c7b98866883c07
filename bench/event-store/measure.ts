import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Contestant, OpenContestant } from './contestants.js';

export interface Sample {
  perSecond: number;
  p50: number;
  p99: number;
  /** Microseconds of processor time of this process per append. */
  cpu: number;
  errors: number;
  /** What is in the database and should not be, or the other way round. */
  faults: string[];
}

const urlOf = (server: string, database: string): string => {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
};

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const templates = new Map<Contestant, string>();

/** Makes the contestant's schema once; every cell gets a fresh copy. */
export async function prepare(server: string, contestant: Contestant): Promise<void> {
  const template = `template_${templates.size}`;
  await withClient(server, (client) => client.query(`create database ${template}`));
  await contestant.prepare(urlOf(server, template));
  templates.set(contestant, template);
}

/** One contestant, so many callers, for so long, on a fresh database: each caller sends its next append after the last. */
export async function measure(
  server: string,
  contestant: Contestant,
  { callers, seconds }: { callers: number; seconds: number },
): Promise<Sample> {
  const database = `cell_${randomUUID().replaceAll('-', '')}`;
  await withClient(server, (client) =>
    client.query(`create database ${database} template ${templates.get(contestant)!}`),
  );
  const url = urlOf(server, database);
  const open = await contestant.open(url);
  try {
    const warm = await drive(open, callers, 0.3);
    const measured = await drive(open, callers, seconds);
    const faults = await verify(url, contestant, warm.latencies.length + measured.latencies.length);
    const { latencies, elapsed, cpu, errors } = measured;
    latencies.sort((a, b) => a - b);
    return {
      perSecond: latencies.length / elapsed,
      p50: at(latencies, 0.5),
      p99: at(latencies, 0.99),
      cpu: cpu / latencies.length,
      errors: errors + warm.errors,
      faults,
    };
  } finally {
    await open.close();
    // Not `with (force)`, which fails when autovacuum is in there; without, PostgreSQL asks it to leave.
    await withClient(server, (client) => client.query(`drop database ${database}`));
  }
}

interface Driven {
  /** Milliseconds of every append that succeeded. */
  latencies: number[];
  elapsed: number;
  cpu: number;
  errors: number;
}

async function drive(open: OpenContestant, callers: number, seconds: number): Promise<Driven> {
  const latencies: number[] = [];
  let errors = 0;
  const cpuBefore = process.cpuUsage();
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  const call = async (): Promise<void> => {
    for (let since = begin; since < end;) {
      const streamId = `call-${randomUUID()}`;
      since = performance.now();
      try {
        await open.append(streamId);
        latencies.push(performance.now() - since);
      } catch (error) {
        if (errors++ === 0) console.error(error);
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const { user, system } = process.cpuUsage(cpuBefore);
  return { latencies, elapsed: (performance.now() - begin) / 1_000, cpu: user + system, errors };
}

async function verify(url: string, { name, verification }: Contestant, expected: number): Promise<string[]> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ events: number; streams: number; wrong: number }>(verification),
  );
  const { events, streams, wrong } = rows[0]!;
  return events === expected && streams === expected && wrong === 0
    ? []
    : [`${name}: ${expected} appended, found ${events} events in ${streams} streams, ${wrong} of them wrong`];
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
