import { randomUUID } from 'node:crypto';
import type { Append, NewEvent } from '../../src/event-store/event.js';
import { sendAppends } from '../../src/event-store/group-commit.js';
import { appendTo, appendToNew, ended, givenStore, happened, newStream } from './given-store.js';

const given = givenStore();

/** A stream of so many events. */
async function streamOf(count: number): Promise<string> {
  const append = appendToNew({ events: Array<NewEvent>(count).fill(happened) });
  expect(await given.store.append(append)).toMatchObject({ status: 'appended' });
  return append.streamId;
}

describe('an append', () => {
  it('begins a new stream at version 1', async () => {
    const append = appendToNew();
    expect(await given.store.append(append)).toMatchObject({ status: 'appended' });
    expect(await given.stream(append.streamId)).toEqual(['1 Happened']);
  });

  it('continues the version it was decided on', async () => {
    const stream = await streamOf(2);
    await given.store.append(appendTo(stream, 2, { events: [happened, ended] }));
    expect(await given.stream(stream)).toEqual(['1 Happened', '2 Happened', '3 Happened', '4 Ended']);
  });

  it('on an older version is a conflict and records nothing', async () => {
    const stream = await streamOf(2);
    const late = await given.store.append(appendTo(stream, 1, { events: [ended, ended, ended] }));
    expect(late).toEqual({ status: 'conflict' });
    expect(await given.stream(stream)).toEqual(['1 Happened', '2 Happened']);
  });

  it('that takes an old stream for a new one is a conflict', async () => {
    const stream = await streamOf(1);
    expect(await given.store.append(appendTo(stream, 0))).toEqual({ status: 'conflict' });
    expect(await given.stream(stream)).toEqual(['1 Happened']);
  });

  it.each([1, 7])('on version %i of a stream that does not exist is a conflict', async (version) => {
    const stream = newStream();
    expect(await given.store.append(appendTo(stream, version))).toEqual({ status: 'conflict' });
    expect(await given.stream(stream)).toEqual([]);
  });

  it('on a version that is still to come leaves no gap, but is a conflict', async () => {
    const stream = await streamOf(2);
    expect(await given.store.append(appendTo(stream, 3))).toEqual({ status: 'conflict' });
    expect(await given.stream(stream)).toHaveLength(2);
  });

  it('of several events is all or nothing', async () => {
    const poisoned = appendToNew({
      events: [happened, happened, { type: 'Poison', data: { text: '\u0000' } }],
    });
    await expect(given.store.append(poisoned)).rejects.toThrow('Unicode');
    expect(await given.stream(poisoned.streamId)).toEqual([]);
  });

  it('is read back as it was written, in order, with who did it and when', async () => {
    const events = [
      { type: 'Said', data: { text: 'grüß "dich" \\ {} 📞', list: [1, null], nested: { a: true } } },
      { type: 'Ended', data: {} },
    ];
    const append = appendToNew({ events, actor: { userId: "o'hara", deviceId: null } });
    const result = await given.store.append(append);
    const { streamId, commandId, actor } = append;
    const at = result.status === 'appended' ? result.at : NaN;
    expect(await given.store.read(streamId)).toMatchObject([
      { ...events[0], version: 1, streamId, commandId, actor, at },
      { ...events[1], version: 2, streamId, commandId, actor, at },
    ]);
  });

  it('happens when PostgreSQL says it does', async () => {
    const clock = 'select date_trunc($1, clock_timestamp()) as now';
    const [before] = await given.rows<{ now: Date }>(clock, ['milliseconds']);
    const result = await given.store.append(appendToNew());
    const [after] = await given.rows<{ now: Date }>(clock, ['milliseconds']);
    expect(
      result.status === 'appended' && result.at >= before!.now.getTime() && result.at <= after!.now.getTime(),
    ).toBe(true);
  });

  it('inside a transaction of the caller shares its fate', async () => {
    const client = await given.pool.connect();
    const [kept, lost] = [appendToNew(), appendToNew()];
    for (const [append, fate] of [
      [kept, 'commit'],
      [lost, 'rollback'],
    ] as const) {
      await client.query('begin');
      const run = (text: string, values: unknown[]) => client.query(text, values);
      expect(await given.store.appendWithin(run, append)).toMatchObject({ status: 'appended' });
      await client.query(fate);
    }
    client.release();
    expect(await given.stream(kept.streamId)).toHaveLength(1);
    expect(await given.stream(lost.streamId)).toHaveLength(0);
  });
});

describe('the same command', () => {
  it('is recorded once, however often it is sent', async () => {
    const append = appendToNew();
    const results = [
      await given.store.append(append),
      await given.store.append(append),
      await given.store.append(append),
    ];
    expect(results.map(({ status }) => status)).toEqual(['appended', 'duplicate', 'duplicate']);
    expect(await given.stream(append.streamId)).toHaveLength(1);
  });

  it('is a duplicate on another version too', async () => {
    const append = appendToNew({ events: [happened, happened] });
    await given.store.append(append);
    for (const expectedVersion of [0, 1, 2, 3]) {
      expect(await given.store.append({ ...append, expectedVersion })).toEqual({ status: 'duplicate' });
    }
    expect(await given.stream(append.streamId)).toHaveLength(2);
  });

  it('is a duplicate however long the stream has become', async () => {
    const append = appendToNew();
    await given.store.append(append);
    await given.store.append(appendTo(append.streamId, 1));
    expect(await given.store.append({ ...append, expectedVersion: 2 })).toEqual({ status: 'duplicate' });
  });

  it('sent by two nodes at once, on any version, is recorded once', async () => {
    const nodes = [given.store, given.node()];
    for (let round = 0; round < 100; round++) {
      const stream = await streamOf(1);
      const append = appendTo(stream, 1);
      const sent = nodes.flatMap((node) =>
        [1, 2].map((expectedVersion) => node.append({ ...append, expectedVersion })),
      );
      const statuses = (await Promise.all(sent)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 'appended')).toHaveLength(1);
      expect(await given.stream(stream)).toHaveLength(2);
    }
  }, 15_000);

  it('on two streams is two appends', async () => {
    const commandId = randomUUID();
    const results = [
      await given.store.append(appendToNew({ commandId })),
      await given.store.append(appendToNew({ commandId })),
    ];
    expect(results.map(({ status }) => status)).toEqual(['appended', 'appended']);
  });
});

describe('one statement', () => {
  it('appends to many streams, and a loser hurts nobody', async () => {
    const old = await streamOf(1);
    const [first, last, repeated] = [
      appendToNew(),
      appendToNew({ events: [happened, ended] }),
      appendToNew(),
    ];
    await given.store.append(repeated);
    const results = await sendAppends(
      (text, values) => given.pool.query(text, values),
      [
        first,
        appendTo(old, 0, { events: [ended, ended] }),
        repeated,
        appendToNew({ expectedVersion: 3 }),
        last,
      ],
    );
    expect(results.map(({ status }) => status)).toEqual([
      'appended',
      'conflict',
      'duplicate',
      'conflict',
      'appended',
    ]);
    expect(await given.stream(first.streamId)).toEqual(['1 Happened']);
    expect(await given.stream(last.streamId)).toEqual(['1 Happened', '2 Ended']);
    expect(await given.stream(old)).toEqual(['1 Happened']);
  });
});

describe('an append to a store that has grown', () => {
  it('still reads no more than its own rows, though its plans are old', async () => {
    const client = await given.pool.connect();
    const run = (text: string, values: unknown[]) => client.query({ name: 'append', text, values });
    const everything = (): Partial<Append> => ({
      claims: [{ key: newStream(), owner: 'me', kept: true }],
      jobs: [{ key: newStream(), kind: 'test', payload: {}, dueInMs: 0, leaseMs: null }],
      release: [newStream()],
      cancelJobs: [newStream()],
    });
    for (let i = 0; i < 10; i++) await given.store.appendWithin(run, appendToNew(everything())); // makes its plans
    await Promise.all(Array.from({ length: 1_000 }, () => given.store.append(appendToNew(everything()))));
    const stream = await streamOf(1);
    const read = async (): Promise<number> => {
      const text = `select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int as read from pg_stat_xact_user_tables
                     where relname in ('events', 'claims', 'jobs')`;
      return (await client.query<{ read: number }>(text)).rows[0]!.read;
    };
    await client.query('begin');
    const before = await read();
    const results = [
      await given.store.appendWithin(run, appendTo(stream, 1, everything())),
      await given.store.appendWithin(run, appendTo(stream, 1, everything())),
    ];
    const after = await read();
    await client.query('rollback');
    client.release();
    expect(results.map(({ status }) => status)).toEqual(['appended', 'conflict']);
    expect(after - before).toBeLessThan(30);
  });
});

describe('a node', () => {
  it('knows its own commands from those of others', async () => {
    const other = given.node();
    const append = appendToNew();
    await given.store.append(append);
    expect(given.store.commands.isOwn(append.commandId)).toBe(true);
    expect(other.commands.isOwn(append.commandId)).toBe(false);
  });

  it('knows those it recorded inside a transaction as well', async () => {
    const append = appendToNew();
    await given.store.appendWithin((text, values) => given.pool.query(text, values), append);
    expect(given.store.commands.isOwn(append.commandId)).toBe(true);
  });

  it('takes what it has disowned for news', async () => {
    const [store, append] = [given.node(), appendToNew()];
    await store.appendWithin((text, values) => given.pool.query(text, values), append);
    expect(store.commands.areInDoubt).toBe(false);
    store.commands.markInDoubt(append.commandId);
    expect(store.commands.isOwn(append.commandId)).toBe(false);
    expect(store.commands.areInDoubt).toBe(true);
  });
});

describe('events', () => {
  it.each([
    ['changed', `update events set data = '{}'`],
    ['deleted', 'delete from events'],
    ['truncated', 'truncate events'],
  ])('cannot be %s', async (_, statement) => {
    const stream = await streamOf(1);
    await expect(given.rows(statement)).rejects.toThrow('events are for ever');
    expect(await given.stream(stream)).toHaveLength(1);
  });
});
