import { viewOf } from '../../src/calls/domain/call-view.js';
import type { Outcome } from '../../src/calls/domain/call.js';
import type { Presence } from '../../src/presence/presence.js';
import { ListAllCalls, ListAllCallsHandler } from '../../src/history/list-all-calls.js';
import { ListCalls, ListCallsHandler } from '../../src/history/list-calls.js';
import { Overview, OverviewHandler } from '../../src/history/overview.js';
import { RecentCalls, RecentCallsHandler } from '../../src/history/recent-calls.js';
import { Log } from '../../src/log/log.js';
import { givenStore } from '../event-store/given-store.js';
import { type Ending, recordCalls } from './given-calls.js';

const given = givenStore();
const clock = { now: () => Date.now() };
const OUTCOMES = ['completed', 'declined', 'busy', 'cancelled', 'missed', 'failed'] as const;
/** What becomes of calls, and how many of each there are: all different. An erasure before the answer is a failure. */
const ENDINGS: [Ending, number][] = [
  ...([
    ['completed', 1],
    ['declined', 2],
    ['busy', 3],
    ['cancelled', 4],
  ] as const),
  ...([
    ['missed', 5],
    ['failed', 6],
    ['erased', 7],
    ['live', 8],
  ] as const),
].map(([ending, count]) => [ending, count]);
const expected: Record<Outcome, number> = {
  ...{ completed: 1, declined: 2, busy: 3, cancelled: 4, missed: 5, failed: 6 + 7 },
};

beforeAll(async () => {
  for (const [ending, count] of ENDINGS) {
    await recordCalls(given, { caller: 'alice', callee: 'bob', count, newest: new Date(), ending });
  }
  // What a newer node may add to a call, whatever has become of it.
  await given.rows(`
    insert into events (stream_id, version, type, data, command_id, at)
    select stream_id, max(version) + 1, 'CallRated', '{"stars":5}', gen_random_uuid(), max(at)
      from events group by stream_id`);
}, 30_000);

describe('the outcome of a call', () => {
  it.each(OUTCOMES)('is %s in a user’s list as in the call itself', async (outcome) => {
    const list = new ListCallsHandler(given.pool, clock);
    const { items } = await list.execute(new ListCalls('alice', { outcome, limit: 100 }));
    expect(items.map((item) => item.outcome)).toEqual(
      Array.from({ length: expected[outcome] }, () => outcome),
    );
  });

  it.each(OUTCOMES)('is %s in the operators’ list', async (outcome) => {
    const list = new ListAllCallsHandler(given.pool, clock);
    const { items } = await list.execute(new ListAllCalls({ outcome, limit: 100 }));
    expect(items.map((item) => item.outcome)).toEqual(
      Array.from({ length: expected[outcome] }, () => outcome),
    );
  });

  it('is counted in the overview', async () => {
    const presence = { liveSockets: async () => ({ node: 0, cluster: 0, nodes: 1 }) } as unknown as Presence;
    const { calls, outcomes } = await new OverviewHandler(given.pool, clock, presence).execute(
      new Overview(),
    );
    expect(calls).toMatchObject({ total: 36, live: 8 });
    expect(Object.fromEntries(outcomes.map(({ outcome, calls: count }) => [outcome, count]))).toEqual(
      expected,
    );
  });
});

describe('the state of a call', () => {
  it.each([
    ['answered', 8],
    ['ended', 28],
    ['ringing', 0],
    ['initiated', 0],
  ] as const)('is %s in the operators’ list', async (state, count) => {
    const list = new ListAllCallsHandler(given.pool, clock);
    const { items } = await list.execute(new ListAllCalls({ state, limit: 100 }));
    expect(items.map((item) => item.state)).toEqual(Array.from({ length: count }, () => state));
  });

  it('is that of the call itself for whoever connects', async () => {
    const calls = await new RecentCallsHandler(given.pool, given.pool, new Log('silent')).execute(
      new RecentCalls('bob'),
    );
    expect(calls.filter((call) => viewOf(call).state === 'answered')).toHaveLength(8);
  });
});

describe('a filter by outcome', () => {
  it('looks at each call once: at the last events of its stream', async () => {
    await recordCalls(given, {
      ...{ caller: 'carol', callee: 'dave', count: 1_000, ending: 'missed' },
      newest: new Date(),
    });
    const client = await given.pool.connect();
    const probes = async (outcome: Outcome): Promise<number> => {
      await client.query('select pg_stat_force_next_flush()');
      const text = `select idx_scan::int as scans from pg_stat_user_indexes where indexrelname = 'events_pkey'`;
      const before = (await client.query<{ scans: number }>(text)).rows[0]!.scans;
      const pool = { query: (query: object) => client.query(query as never) } as never;
      await new ListCallsHandler(pool, clock).execute(new ListCalls('carol', { outcome, limit: 25 }));
      await client.query('select pg_stat_force_next_flush()');
      return (await client.query<{ scans: number }>(text)).rows[0]!.scans - before;
    };
    const looks = await probes('failed').finally(() => client.release());
    expect(looks).toBeLessThan(1_050);
  });
});
