import { givenStore } from '../event-store/given-store.js';
import { recordCalls } from '../history/given-calls.js';

const given = givenStore();

/** Rows of the claims that were read without an index, since the database began. */
async function readInVain(): Promise<number> {
  await given.rows('select pg_stat_force_next_flush()');
  const text = `select seq_tup_read::int as rows from pg_stat_user_tables where relname = 'claims'`;
  return (await given.rows<{ rows: number }>(text))[0]!.rows;
}

describe('the retention', () => {
  it('removes the claims of the calls it deletes without a look at the others', async () => {
    await recordCalls(given, {
      ...{ caller: 'alice', callee: 'bob', count: 10, ending: 'missed' },
      newest: new Date(Date.now() - 40 * 86_400_000),
    });
    await given.rows(`insert into claims (key, stream_id) select 'alias ' || nr, 'call-' || nr
      from generate_series(1, 100000) nr`);
    await given.rows(
      `insert into claims (key, stream_id) select 'old ' || stream_id, stream_id from events where version = 1`,
    );
    await given.rows('analyze claims');
    const before = await readInVain();
    const forget = `select forget_calls(clock_timestamp() - interval '30 days', 500, '{}') as passed`;
    expect(await given.rows(forget)).toEqual([{ passed: 30 }]);
    expect(await readInVain()).toBe(before);
    expect(await given.rows(`select from claims where key like 'old %'`)).toEqual([]);
  });
});
