import { randomUUID } from 'node:crypto';
import { ANYBODY, type AppendResult, type Claim } from '../../src/event-store/event.js';
import { appendTo, appendToNew, givenStore, newStream } from './given-store.js';
import { until } from '../support/until.js';

const given = givenStore();

const newKey = (): string => `key ${randomUUID()}`;
const kept = (key: string, owner: string | null = null): Claim => ({ key, owner, kept: true });
const looked = (key: string, owner: string | null = null): Claim => ({ key, owner, kept: false });
const claiming = (...claims: Claim[]): Promise<AppendResult> => given.store.append(appendToNew({ claims }));

/** A stream that holds these. */
async function holding(...claims: Claim[]): Promise<string> {
  const append = appendToNew({ claims });
  expect(await given.store.append(append)).toMatchObject({ status: 'appended' });
  return append.streamId;
}

describe('a claim', () => {
  it('is held by one stream, and who loses it is told by whom', async () => {
    const key = newKey();
    const holder = await holding(kept(key));
    const loser = appendToNew({ claims: [kept(key)] });
    expect(await given.store.append(loser)).toEqual({ status: 'held', key, by: holder });
    expect(await given.store.holderOf(key)).toBe(holder);
  });

  it('that is lost writes nothing: no event, no other claim, no job', async () => {
    const [key, other] = [newKey(), newKey()];
    await holding(kept(key));
    const job = { key: other, kind: 'test', payload: {}, dueInMs: 0, leaseMs: null };
    const loser = appendToNew({ claims: [kept(other), kept(key)], jobs: [job], release: [other] });
    expect(await given.store.append(loser)).toMatchObject({ status: 'held', key });
    expect(await given.stream(loser.streamId)).toEqual([]);
    expect(await given.store.holderOf(other)).toBeNull();
    expect(await given.rows('select from jobs where key = $1', [other])).toEqual([]);
  });

  it('is the holder’s own business: the same stream may claim it again', async () => {
    const key = newKey();
    const holder = await holding(kept(key));
    expect(await given.store.append(appendTo(holder, 1, { claims: [kept(key)] }))).toMatchObject({
      status: 'appended',
    });
  });

  it('is shared by streams of one owner, and closed to others', async () => {
    const key = newKey();
    const first = await holding(kept(key, 'ann'));
    await holding(kept(key, 'ann'));
    expect(await claiming(kept(key, 'bob'))).toMatchObject({ status: 'held', key });
    expect(await claiming(kept(key, null))).toMatchObject({ status: 'held', key });
    await given.store.append(appendTo(first, 1, { release: [key] }));
    expect(await claiming(kept(key, 'bob'))).toMatchObject({ status: 'held', key });
  });

  it('of nobody in particular is shared with nobody', async () => {
    const key = newKey();
    await holding(kept(key, null));
    expect(await claiming(kept(key, 'ann'))).toMatchObject({ status: 'held', key });
  });

  it('lets ANYBODY in, who then keeps others out like everybody', async () => {
    const key = newKey();
    await holding(kept(key, 'ann'));
    const anybody = await holding(kept(key, ANYBODY));
    expect(await claiming(kept(key, 'bob'))).toMatchObject({ status: 'held', key });
    const alone = newKey();
    await given.store.append(appendTo(anybody, 1, { claims: [kept(alone, ANYBODY)] }));
    expect(await claiming(kept(alone, 'bob'))).toEqual({ status: 'held', key: alone, by: anybody });
  });

  it('that is not kept is only looked at', async () => {
    const key = newKey();
    await holding(looked(key));
    expect(await given.store.holderOf(key)).toBeNull();
    const holder = await holding(kept(key));
    expect(await claiming(looked(key))).toEqual({ status: 'held', key, by: holder });
  });

  it('names the first one lost, in the order they were listed', async () => {
    const [a, b, c] = [newKey(), newKey(), newKey()];
    await holding(kept(b));
    await holding(kept(c));
    expect(await claiming(kept(a), kept(c), kept(b))).toMatchObject({ status: 'held', key: c });
    expect(await claiming(kept(b), kept(a), kept(c))).toMatchObject({ status: 'held', key: b });
  });

  it('is given back with an append, by its stream only', async () => {
    const key = newKey();
    const holder = await holding(kept(key));
    await given.store.append(appendToNew({ release: [key] }));
    expect(await given.store.holderOf(key)).toBe(holder);
    await given.store.append(appendTo(holder, 1, { release: [key] }));
    expect(await given.store.holderOf(key)).toBeNull();
    const next = await holding(kept(key));
    expect(await given.store.holderOf(key)).toBe(next);
  });

  it('is not given back by an append that loses', async () => {
    const key = newKey();
    const holder = await holding(kept(key));
    expect(await given.store.append(appendTo(holder, 0, { release: [key] }))).toEqual({ status: 'conflict' });
    expect(await given.store.holderOf(key)).toBe(holder);
  });

  it('runs out when it was taken for a time, and not before', async () => {
    const [short, long] = [newKey(), newKey()];
    await holding({ ...kept(short), ttlMs: 20 }, { ...kept(long), ttlMs: 60_000 });
    await until(async () => (await given.store.holderOf(short)) === null);
    expect(await claiming(kept(short))).toMatchObject({ status: 'appended' });
    expect(await claiming(kept(long))).toMatchObject({ status: 'held', key: long });
  });

  it('can be held without an event', async () => {
    const [key, streamId] = [newKey(), newStream()];
    const append = appendTo(streamId, 0, { events: [], claims: [kept(key)] });
    expect(await given.store.append(append)).toMatchObject({ status: 'appended' });
    expect(await given.store.append(append)).toMatchObject({ status: 'appended' });
    expect(await given.store.holderOf(key)).toBe(streamId);
    expect(await given.stream(streamId)).toEqual([]);
    expect(await given.store.append({ ...append, streamId: newStream() })).toMatchObject({
      status: 'held',
      by: streamId,
    });
  });

  it('of a command that was recorded before does not matter any more: it is a duplicate', async () => {
    const key = newKey();
    const append = appendToNew({ claims: [kept(key)] });
    await given.store.append(append);
    await given.store.append(appendTo(append.streamId, 1, { release: [key] }));
    await holding(kept(key));
    expect(await given.store.append(append)).toEqual({ status: 'duplicate' });
  });
});

describe('many who want the same claim', () => {
  it('find one winner, on any number of nodes', async () => {
    const nodes = [given.store, given.node(), given.node()];
    for (let round = 0; round < 50; round++) {
      const key = newKey();
      const sent = [...nodes, ...nodes].map((node) => node.append(appendToNew({ claims: [kept(key)] })));
      const results = await Promise.all(sent);
      expect(results.filter(({ status }) => status === 'appended')).toHaveLength(1);
      const holder = await given.store.holderOf(key);
      for (const result of results)
        if (result.status !== 'appended') expect(result).toEqual({ status: 'held', key, by: holder });
    }
  });

  it('wait for the one who is about to decide', async () => {
    const [key, client] = [newKey(), await given.pool.connect()];
    const run = (text: string, values: unknown[]) => client.query(text, values);
    await client.query('begin');
    const first = appendToNew({ claims: [kept(key)] });
    await given.store.appendWithin(run, first);
    const second = claiming(kept(key));
    await given.waiting(1);
    await client.query('commit');
    client.release();
    expect(await second).toEqual({ status: 'held', key, by: first.streamId });
  });

  it('of several in any order do not block each other for ever', async () => {
    const [a, b, c] = [newKey(), newKey(), newKey()];
    const orders = [
      [a, b, c],
      [c, b, a],
      [b, a, c],
      [c, a, b],
    ];
    const nodes = orders.map(() => given.node({ deadlineMs: 900 })); // PostgreSQL looks for deadlocks after a second
    for (let round = 0; round < 25; round++) {
      const sent = nodes.map((node, i) =>
        node.append(appendToNew({ claims: orders[i]!.map((key) => looked(key)) })),
      );
      for (const { status } of await Promise.all(sent)) expect(status).toBe('appended');
    }
  });
});
