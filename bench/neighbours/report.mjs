// From the segments of all rounds of a kind to one row of the table.

export const LIMIT = 2;
const OPERATIONS = { sync: 'sync', initiate: 'call:initiate' };

/** @returns percentiles in milliseconds, ratios, costs (CPU in cores, memory in bytes) and what was answered */
export function rowOf(kind, rounds) {
  const side = (name) => rounds.map((round) => round[name]);
  const row = { kind, rounds: rounds.length };
  for (const [short, event] of Object.entries(OPERATIONS)) {
    const [alone, beside] = ['alone', 'beside'].map((name) => ({
      ...percentiles(side(name).flatMap(({ times }) => times[event])),
      byRound: side(name).map(({ times }) => percentiles(times[event]).p99),
    }));
    row[short] = { alone, beside, ratio: beside.p99 / alone.p99 };
  }
  for (const name of ['alone', 'beside']) {
    const segments = side(name);
    row[name] = {
      failed: sums(segments.map(({ failed }) => failed)),
      rss: most(segments.map(({ gateway }) => gateway.rss)),
      loopP99: most(segments.map(({ gateway }) => gateway.loopP99)),
      loopMax: most(segments.map(({ gateway }) => gateway.loopMax)),
      cpu: {
        gateway: mean(segments.map(({ gateway }) => gateway.cpu)),
        postgres: mean(segments.map(({ cpu }) => cpu.postgres)),
        people: mean(segments.map(({ cpu }) => cpu.people)),
        hostile: mean(segments.map(({ cpu }) => cpu.hostile)),
      },
      crashes: segments.reduce((sum, { gateway }) => sum + gateway.crashes, 0),
    };
  }
  row.answers = sums(rounds.map(({ answers }) => answers));
  row.lastWords = rounds.flatMap(({ lastWords }) => lastWords);
  row.verdict = verdictOn(row);
  return row;
}

/** Where the rounds alone differ by more than the limit itself, the machine was busy with something else: nothing is proven. */
function verdictOn({ sync, initiate, beside }) {
  const unsteady = [sync, initiate].some(
    ({ alone: { byRound } }) => Math.max(...byRound) > LIMIT * Math.min(...byRound),
  );
  if (beside.crashes > 0) return 'NO';
  if (unsteady) return 'unsteady';
  return sync.ratio <= LIMIT && initiate.ratio <= LIMIT ? 'yes' : 'NO';
}

/** What the people felt; p99 of every round's alone segment shows how steady the machine was. */
export function latencyTable(rows) {
  const times = (what) => [`${what} alone: p50/p99 ms`, 'p99 by round', 'beside: p50/p99 ms', 'ratio of p99'];
  return table(
    [
      'kind',
      ...times('sync'),
      ...times('initiate'),
      `within ${LIMIT} x`,
      'failed alone/beside',
      'process ended',
    ],
    rows.map(({ kind, sync, initiate, verdict, alone, beside }) => [
      kind,
      ...[sync, initiate].flatMap((time) => [
        pair(time.alone),
        time.alone.byRound.map(ms).join(', '),
        pair(time.beside),
        time.ratio.toFixed(2),
      ]),
      verdict,
      `${total(alone.failed)}/${total(beside.failed)}`,
      beside.crashes,
    ]),
  );
}

/** What it cost the gateway and PostgreSQL, alone and beside, and what the hostile user was answered. */
export function costTable(rows) {
  const both = ({ alone, beside }, show) => `${show(alone)} / ${show(beside)}`;
  return table(
    [
      ...['kind', 'RSS, MB', 'event loop late: p99, ms', 'most, ms', 'CPU of the gateway, cores'],
      ...['of PostgreSQL', 'of the hostile user', 'answered to the hostile user'],
    ],
    rows.map((row) => [
      row.kind,
      both(row, ({ rss }) => megabytes(rss)),
      both(row, ({ loopP99 }) => ms(loopP99)),
      both(row, ({ loopMax }) => ms(loopMax)),
      both(row, ({ cpu }) => cores(cpu.gateway)),
      both(row, ({ cpu }) => cores(cpu.postgres)),
      cores(row.beside.cpu.hostile),
      Object.entries(row.answers)
        .sort(([, a], [, b]) => b - a)
        .map(([what, times]) => `${what} ${times}`)
        .join(', ') || 'nothing',
    ]),
  );
}

const table = (titles, lines) =>
  [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

export function lineOf({ kind, sync, initiate, verdict, beside }) {
  const said = `sync p99 ${ms(sync.alone.p99)} → ${ms(sync.beside.p99)} ms (${sync.ratio.toFixed(2)} x), `;
  const placed = `initiate ${ms(initiate.alone.p99)} → ${ms(initiate.beside.p99)} ms (${initiate.ratio.toFixed(2)} x)`;
  const ended = beside.crashes > 0 ? `, the process ended ${beside.crashes} times` : '';
  return `${kind}: ${said}${placed}${ended}: within ${LIMIT} x: ${verdict}`;
}

function percentiles(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99) };
}

function sums(counts) {
  const sum = {};
  for (const count of counts)
    for (const [name, times] of Object.entries(count)) sum[name] = (sum[name] ?? 0) + times;
  return sum;
}

const known = (values) => values.filter((value) => value !== null);
const most = (values) => (known(values).length === 0 ? null : Math.max(...known(values)));
const mean = (values) => {
  const some = known(values);
  return some.length === 0 ? null : some.reduce((sum, value) => sum + value, 0) / some.length;
};
const total = (count) => Object.values(count).reduce((sum, times) => sum + times, 0);
const ms = (value) => (value === null ? 'n/a' : value < 10 ? value.toFixed(1) : value.toFixed(0));
const pair = ({ p50, p99 }) => `${ms(p50)}/${ms(p99)}`;
const megabytes = (bytes) => (bytes === null ? 'n/a' : (bytes / 1_048_576).toFixed(0));
const cores = (share) => (share === null ? 'n/a' : share.toFixed(2));
