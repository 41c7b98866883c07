import { RECENT_CALLS, RecentCalls, RecentCallsHandler } from '../../src/history/recent-calls.js';
import { Log } from '../../src/log/log.js';
import { givenStore } from '../event-store/given-store.js';
import { type Ending, recordCalls } from './given-calls.js';

const given = givenStore();
const DAY_MS = 86_400_000;
const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY_MS);

interface Plan {
  'Node Type': string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  'Index Cond'?: string;
  Plans?: Plan[];
}
const all = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(all)];

describe('the recent calls of somebody with a long history', () => {
  beforeAll(async () => {
    const record = (caller: string, callee: string, ending: Ending, count: number, newest: number) =>
      recordCalls(given, { caller, callee, ending, count, newest: daysAgo(newest) });
    await record('alice', 'bob', 'completed', 4_000, 9);
    await record('bob', 'alice', 'completed', 4_000, 9);
    await record('carol', 'dave', 'completed', 2_000, 1);
    await given.rows('analyze events');
    for (const ending of ['live', 'missed', 'cancelled'] as const) await record('bob', 'alice', ending, 1, 0);
    await record('alice', 'bob', 'live', 1, 6);
    await record('alice', 'bob', 'failed', 5, 1);
  }, 60_000);

  it('are those that live and those that have just ended, oldest first', async () => {
    const calls = await new RecentCallsHandler(given.pool, given.pool, new Log('silent')).execute(
      new RecentCalls('alice'),
    );
    expect(calls.map(({ state }) => state).sort()).toEqual(['answered', 'answered', 'ended', 'ended']);
    expect(calls[0]).toMatchObject({ state: 'answered', caller: { userId: 'alice' } });
  });

  it('do not include what had ended long ago when it was recorded', async () => {
    expect(
      await given.rows(`select count(*)::int as rows from recent_calls where caller in ('carol', 'dave')`),
    ).toEqual([{ rows: 0 }]);
  });

  it('leave nothing behind once nobody needs them, however many ended at the same time', async () => {
    await given.rows(`
      insert into recent_calls (stream_id, caller, callee, ended_at)
      select 'call-' || nr, 'erin', 'frank', clock_timestamp() - interval '3 minutes' from generate_series(1, 12000) nr`);
    const handler = new RecentCallsHandler(given.pool, given.pool, new Log('silent'));
    await handler.sweep();
    expect(await given.rows(`select from recent_calls where caller = 'erin'`)).toEqual([]);
    await given.rows('vacuum recent_calls'); // as autovacuum does
  });

  it.each(['force_custom_plan', 'force_generic_plan'])(
    'are found without a look at the old ones (%s)',
    async (mode) => {
      const client = await given.pool.connect();
      await client.query(`set plan_cache_mode = ${mode}`);
      await client.query(`prepare recent (text[], int) as ${RECENT_CALLS}`);
      const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
        `explain (analyze, buffers, format json) execute recent ('{alice}', 120000)`,
      );
      await client.query('deallocate recent; reset plan_cache_mode');
      client.release();
      const { Plan: plan } = rows[0]!['QUERY PLAN'][0]!;
      expect(all(plan).filter((node) => node['Index Cond']?.includes('userId'))).toEqual([]);
      expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(150);
    },
  );
});

describe('a call that cannot be read', () => {
  it('is left out, and keeps nobody else from their calls', async () => {
    for (const caller of ['dora', 'emil'])
      await recordCalls(given, { caller, callee: 'fay', count: 1, newest: new Date(), ending: 'live' });
    await given.rows(`
      insert into events (stream_id, version, type, data, command_id, at)
      select stream_id, 4, 'CallAnswered', '{"deviceId":"d","name":null}', gen_random_uuid(), clock_timestamp()
        from events where type = 'CallInitiated' and data #>> '{caller,userId}' = 'dora'`);
    const handler = new RecentCallsHandler(given.pool, given.pool, new Log('silent'));
    const users = ['dora', 'emil', 'fay'].map((userId) => handler.execute(new RecentCalls(userId)));
    expect((await Promise.all(users)).map(({ length }) => length)).toEqual([0, 1, 1]);
  });
});
