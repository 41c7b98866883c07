// What fifty ordinary people feel of one hostile user beside them: p50 and p99 of their `sync` and `call:initiate`, alone and
// beside each kind of hostile user, in turns, on fresh databases. The gateway, PostgreSQL, the people, the push services and
// the hostile user are processes of their own; the hostile one keeps to the documented limits, and has the lowest priority.
//   npm run build && npm run bench:neighbours [-- --seconds 14] [--rounds 2] [--only upgrades,redial] [--postgres 15] [--quick]
// Ends with status 1 when something took more than twice as long, the gateway ended, or the machine was too unsteady to say.
// The figures are in bench/results, too.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BUNDLE } from './neighbours/kinds/calls.mjs';
import { kinds } from './neighbours/kinds/index.mjs';
import { costTable, latencyTable, lineOf, rowOf } from './neighbours/report.mjs';
import { playRound } from './neighbours/round.mjs';
import { seedHistory } from './neighbours/seed.mjs';
import { startPostgres } from './support/postgres.mjs';
import { answer, kill } from './support/processes.mjs';

const { values } = parseArgs({
  options: {
    /** Of one segment: every round has two, alone and beside. */
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    /** Calls of the longest history. */
    history: { type: 'string' },
    /** Rings that run out while the gateway is down. */
    timers: { type: 'string' },
    /** Major version of an installed PostgreSQL of Debian, with its own defaults. */
    postgres: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const [seconds, rounds, warmUpSeconds, calls, dueTimers] = values.quick
  ? [2, 1, 1, 50_000, 5_000]
  : [14, 2, 3, 150_000, 15_000];
const chosen = values.only?.split(',') ?? Object.keys(kinds);
const unknown = chosen.filter((kind) => !(kind in kinds));
if (unknown.length > 0) throw new Error(`no such kind: ${unknown}; there are ${Object.keys(kinds)}`);

const say = (line) => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`);
const results = fileURLToPath(new URL('./results', import.meta.url));
const folder = await mkdtemp(join(os.tmpdir(), 'ringway-neighbours-'));
const caFile = join(folder, 'ca.pem');
const simulator = fork(fileURLToPath(new URL('./support/simulator.mjs', import.meta.url)), [BUNDLE, caFile]);
const pushSettings = await answer(simulator);
const postgres = await startPostgres(values.postgres);
const secret = randomBytes(32).toString('hex');
const setup = {
  postgres,
  secret,
  seconds: Number(values.seconds ?? seconds),
  warmUpSeconds,
  dueTimers: Number(values.timers ?? dueTimers),
  templates: { empty: 'neighbours_empty', history: 'neighbours_history' },
  settings: {
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    AUTH_SECRET: secret,
    ...pushSettings,
  },
};
process.once('SIGINT', () => process.exit(130));
const rows = [];
try {
  await makeTemplates();
  const times = Number(values.rounds ?? rounds);
  const played = Object.fromEntries(chosen.map((kind) => [kind, []]));
  for (let nr = 1; nr <= times; nr++) {
    for (const [index, kind] of chosen.entries()) {
      const about = `round ${nr} of ${times}, ${index + 1} of ${chosen.length}, ${kind}`;
      played[kind].push(await playRound(kind, setup, (what) => say(`${about}: ${what}`)));
      say(lineOf(rowOf(kind, played[kind])));
    }
  }
  for (const kind of chosen) rows.push(rowOf(kind, played[kind]));
} finally {
  for (const template of Object.values(setup.templates))
    await postgres.query(`drop database if exists ${template} with (force)`).catch(() => undefined);
  await postgres.stop();
  await kill(simulator);
  await rm(folder, { recursive: true, force: true });
}
for (const { kind, lastWords } of rows)
  if (lastWords.length > 0) say(`${kind}, the gateway's last words: ${lastWords.slice(0, 4).join(' | ')}`);
console.log(`PostgreSQL ${postgres.version}, Node ${process.version}, ${os.cpus().length} cores\n`);
console.log(`${latencyTable(rows)}\n\n${costTable(rows)}`);
await mkdir(results, { recursive: true });
const report = join(results, `neighbours-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`);
const about = { at: new Date(), postgres: postgres.version, node: process.version, cores: os.cpus().length };
await writeFile(report, JSON.stringify({ ...about, options: values, rows }, null, 2));
say(`written: ${report}`);
process.exitCode = rows.every(({ verdict }) => verdict === 'yes') ? 0 : 1;

/** A database as a new gateway leaves it, and one with a very long history. */
async function makeTemplates() {
  const { migrate } = await import('../dist/schema/migrate.js');
  const { empty, history } = setup.templates;
  for (const name of [history, empty]) await postgres.query(`drop database if exists ${name} with (force)`);
  await postgres.query(`create database ${empty}`);
  await migrate(postgres.urlOf(empty));
  if (!chosen.some((kind) => kinds[kind].history)) return;
  const many = Number(values.history ?? calls);
  say(`a history of ${many} calls is made`);
  await postgres.query(`create database ${history} template ${empty}`);
  await seedHistory((text, parameters) => postgres.query(text, parameters, history), many);
  await postgres.query('vacuum analyze', [], history);
}
