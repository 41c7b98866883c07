import type { Pool } from 'pg';
import { type Cursor, EventStore } from '../../src/event-store/event-store.js';
import { givenStore } from './given-store.js';

const given = givenStore();
const BEGINNING: Cursor = { transactionId: '0', position: '0' };

describe('the global order', () => {
  it('counts transactions, and does not compare their digits', async () => {
    // As when the count of transactions gets one digit longer: a text of 10 comes before one of 9.
    const ids = Array.from({ length: 21 }, (_, index) => String(90 + index));
    for (const id of [...ids].reverse())
      await given.rows(
        `insert into events (stream_id, version, transaction_id, type, data, command_id, at)
         values ('transaction ' || $1, 1, $1::xid8, 'Happened', '{}', gen_random_uuid(), clock_timestamp())`,
        [id],
      );
    const seen: string[] = [];
    let cursor: Cursor = BEGINNING;
    for (let page = 0; page < 6; page++) {
      const events = await given.store.readAfter(cursor, 4);
      seen.push(...events.map(({ streamId }) => streamId));
      cursor = events.at(-1)!.cursor;
    }
    expect(seen).toEqual(ids.map((id) => `transaction ${id}`));
  });

  it('is read along its index, however much is left to read', async () => {
    await given.rows(
      `insert into events (stream_id, version, transaction_id, type, data, command_id, at)
       select 'one of many ' || nr, 1, '80', 'Happened', '{}', gen_random_uuid(), clock_timestamp()
         from generate_series(1, 5000) nr`,
    );
    await given.rows('analyze events');
    let plan = '';
    const explained = async ({ text, values }: { text: string; values: unknown[] }) => {
      const rows = await given.rows<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
      plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      return { rows: [] };
    };
    await new EventStore({ query: explained } as unknown as Pool).readAfter(BEGINNING, 100);
    expect(plan).toContain('events_global_order');
    expect(plan).not.toContain('Sort');
  });
});
