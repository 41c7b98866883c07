import { randomUUID } from 'node:crypto';
import { givenStore } from '../event-store/given-store.js';
import { recordCalls } from '../history/given-calls.js';
import { until } from '../support/until.js';

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
      caller: 'alice',
      callee: 'bob',
      count: 10,
      ending: 'missed',
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
    let passed = 0;
    await until(async () => {
      passed += (await given.rows<{ passed: number }>(forget))[0]!.passed;
      return passed === 30;
    });
    expect(await readInVain()).toBe(before);
    expect(await given.rows(`select from claims where key like 'old %'`)).toEqual([]);
  });
});

describe('what is told of installs', () => {
  const stream = (deviceId: string): string => `device-${JSON.stringify(['collector', deviceId])}`;
  const recorded = async (deviceId: string, types: string[]): Promise<void> => {
    for (const [version, type] of types.entries())
      await given.store.append({
        streamId: stream(deviceId),
        expectedVersion: version,
        events: [{ type, data: {} }],
        actor: null,
        commandId: randomUUID(),
      });
  };
  const forget = async (olderThanMs: number): Promise<void> => {
    const olderThan = new Date(Date.now() - olderThanMs);
    await given.rows(`select forget_calls($1, 500, '{}')`, [olderThan]);
  };

  it('goes with the time: an install that is there keeps its newest event, one that is gone nothing', async () => {
    await recorded('there', ['DeviceRegistered', 'DeviceTokenReassigned', 'DeviceRegistered']);
    await recorded('gone', ['DeviceRegistered', 'DeviceUnregistered']);
    await forget(86_400_000);
    expect(await given.stream(stream('there'))).toHaveLength(3);
    // A transaction of another database on this server may keep the newest events out of sight for a moment.
    await until(async () => {
      await forget(-1_000);
      return (await given.stream(stream('gone'))).length === 0;
    });
    expect(await given.stream(stream('there'))).toEqual(['3 DeviceRegistered']);
    await recorded('gone', ['DeviceRegistered']);
    expect(await given.stream(stream('gone'))).toEqual(['1 DeviceRegistered']);
  });
});
