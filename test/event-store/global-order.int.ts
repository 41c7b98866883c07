import type { PoolClient } from 'pg';
import type { Cursor } from '../../src/event-store/event-store.js';
import { type Append, type StoredEvent } from '../../src/event-store/event.js';
import { appendToNew, givenStore } from './given-store.js';
import { until } from '../support/until.js';

const given = givenStore();
const BEGINNING: Cursor = { transactionId: '0', position: '0' };

/** A transaction that a test holds open. */
async function transaction(): Promise<{
  client: PoolClient;
  append(append: Append): Promise<unknown>;
  commit(): Promise<void>;
}> {
  const client = await given.pool.connect();
  await client.query('begin');
  return {
    client,
    append: (append) => given.store.appendWithin((text, values) => client.query(text, values), append),
    commit: async () => {
      await client.query('commit');
      client.release();
    },
  };
}

/** A reader that remembers the highest position it has seen. Many event stores read like this. */
class NaiveReader {
  private last = '0';
  readonly seen: string[] = [];

  async read(): Promise<void> {
    const text = 'select position, stream_id from events where position > $1 order by position';
    for (const { position, stream_id } of await given.rows<{ position: string; stream_id: string }>(text, [
      this.last,
    ])) {
      this.last = position;
      this.seen.push(stream_id);
    }
  }
}

class OurReader {
  readonly seen: string[] = [];

  constructor(private cursor: Cursor = BEGINNING) {}

  async read(limit = 100): Promise<void> {
    const events = await given.store.readAfter(this.cursor, limit);
    this.seen.push(...events.map(({ streamId }) => streamId));
    this.cursor = events.at(-1)?.cursor ?? this.cursor;
  }
}

const streams = (appends: readonly Append[]): string[] => appends.map(({ streamId }) => streamId);

/** Other transactions of the cluster may hold events back for a moment. */
async function seen(reader: OurReader, count: number): Promise<string[]> {
  await until(async () => {
    await reader.read();
    return reader.seen.length >= count;
  });
  return reader.seen;
}

describe('the global order', () => {
  it('skips nothing when a lower position commits later, where a naive cursor loses an event', async () => {
    const [early, late] = [appendToNew(), appendToNew()];
    const [naive, ours] = [new NaiveReader(), new OurReader(await given.store.head())];
    const slow = await transaction();
    await slow.append(early); // takes its position now, and is seen later
    await given.store.append(late);
    await naive.read();
    await ours.read();
    await slow.commit();
    await naive.read();
    expect(naive.seen).toContain(late.streamId);
    expect(naive.seen).not.toContain(early.streamId);
    expect(await seen(ours, 2)).toEqual(streams([early, late]));
  });

  it('goes by transaction first and position second', async () => {
    const ours = new OurReader(await given.store.head());
    const [a, b] = [appendToNew(), appendToNew()];
    const older = await transaction();
    await older.client.query('select pg_current_xact_id()');
    await given.store.append(b);
    await older.append(a); // an older transaction, a higher position
    await older.commit();
    const rows = await given.rows<{ stream_id: string }>(
      'select stream_id from events where stream_id = any($1) order by position',
      [streams([a, b])],
    );
    expect(rows.map(({ stream_id }) => stream_id)).toEqual(streams([b, a]));
    expect(await seen(ours, 2)).toEqual(streams([a, b]));
  });

  it('is read in pages, that end and begin anywhere, also within a commit', async () => {
    const ours = new OurReader(await given.store.head());
    const appends = Array.from({ length: 7 }, () => appendToNew());
    const one = await transaction();
    for (const append of appends) await one.append(append);
    await one.commit();
    await until(async () => {
      const before = ours.seen.length;
      await ours.read(3);
      expect(ours.seen.length - before).toBeLessThanOrEqual(3);
      return ours.seen.length >= appends.length;
    });
    expect(ours.seen).toEqual(streams(appends));
  });

  it('keeps the order of every stream', async () => {
    const { streamId } = appendToNew();
    const head = await given.store.head();
    for (let version = 0; version < 20; version++)
      await given.store.append({ ...appendToNew(), streamId, expectedVersion: version });
    let events: StoredEvent[] = [];
    await until(async () => (events = await given.store.readAfter(head, 100)).length >= 20);
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('has a head, behind which is only what is not committed yet', async () => {
    await given.store.append(appendToNew());
    let readers: OurReader;
    await until(async () => {
      readers = new OurReader(await given.store.head());
      await readers.read();
      return readers.seen.length === 0; // unless somebody else in the cluster holds the head back
    });
    const open = await transaction();
    const [append, later] = [appendToNew(), appendToNew()];
    await open.append(append);
    await given.store.append(later);
    const behind = new OurReader(await given.store.head());
    await open.commit();
    expect(await seen(behind, 2)).toEqual(streams([append, later]));
    expect(await seen(readers!, 2)).toEqual(streams([append, later]));
  });
});
