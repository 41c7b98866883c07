import type { Append, AppendResult } from '../../src/event-store/event.js';
import { StoreUnavailable } from '../../src/event-store/event.js';
import type { EventStore, EventStoreOptions } from '../../src/event-store/event-store.js';
import { appendTo, appendToNew, givenStore } from './given-store.js';

const given = givenStore();

/** In how many transactions these were recorded. */
async function commits(appends: readonly Append[]): Promise<number> {
  const text = 'select count(distinct transaction_id)::int as count from events where stream_id = any($1)';
  const [row] = await given.rows<{ count: number }>(text, [appends.map(({ streamId }) => streamId)]);
  return row!.count;
}

/** A node whose only statement in flight waits until it is let go; whatever is sent meanwhile queues up. */
async function busyNode(
  options: EventStoreOptions = {},
): Promise<{ node: EventStore; letGo: () => Promise<AppendResult> }> {
  const node = given.node({ concurrency: 1, ...options });
  const leave = await given.occupy('busy');
  const first = node.append(appendToNew({ claims: [{ key: 'busy', owner: null, kept: false }] }));
  await given.waiting(1);
  return { node, letGo: () => leave().then(() => first) };
}

const statuses = async (sent: readonly Promise<AppendResult>[]): Promise<string[]> =>
  (await Promise.all(sent)).map(({ status }) => status);

describe('appends that arrive while a commit is in flight', () => {
  it('share the next one', async () => {
    const { node, letGo } = await busyNode();
    const appends = Array.from({ length: 64 }, () => appendToNew());
    const sent = appends.map((append) => node.append(append));
    await letGo();
    expect(new Set(await statuses(sent))).toEqual(new Set(['appended']));
    expect(await commits(appends)).toBe(1);
  });

  it('never go more than 64 together', async () => {
    const { node, letGo } = await busyNode();
    const appends = Array.from({ length: 65 }, () => appendToNew());
    const sent = appends.map((append) => node.append(append));
    await letGo();
    await Promise.all(sent);
    expect(await commits(appends)).toBe(2);
  });

  it('to one stream go one after the other, in the order they came', async () => {
    const { node, letGo } = await busyNode();
    const { streamId } = appendToNew();
    const race = [0, 0, 1, 1, 2].map((version) => appendTo(streamId, version));
    const sent = race.map((append) => node.append(append));
    await letGo();
    expect(await statuses(sent)).toEqual(['appended', 'conflict', 'appended', 'conflict', 'appended']);
  });

  it('for one claim go one after the other, and nobody overtakes on the way', async () => {
    const { node, letGo } = await busyNode();
    const keys = ['a', 'b'].map((key) => ({ key: `order ${key}`, owner: null, kept: true }));
    const [first, both, last] = [[keys[0]!], keys, [keys[1]!]].map((claims) => appendToNew({ claims }));
    const sent = [first!, both!, last!].map((append) => node.append(append));
    await letGo();
    const results = await Promise.all(sent);
    expect(results[0]).toMatchObject({ status: 'appended' });
    expect(results[1]).toEqual({ status: 'held', key: 'order a', by: first!.streamId });
    expect(results[2]).toMatchObject({ status: 'appended' });
    expect(await commits([first!, last!])).toBe(2);
  });
});

describe('a lone append', () => {
  it('waits for nobody: another statement is in flight beside the one that hangs', async () => {
    const { node, letGo } = await busyNode({ concurrency: undefined });
    expect(await node.append(appendToNew())).toMatchObject({ status: 'appended' });
    await letGo();
  });
});

describe('a poison append', () => {
  const loop: { self?: object } = {};
  loop.self = loop;

  it.each<[string, Partial<Append>, string]>([
    ['a NUL in a text', { events: [{ type: 'Poison', data: { text: 'a\u0000b' } }] }, 'Unicode'],
    ['half a surrogate pair', { events: [{ type: 'Poison', data: { text: '\ud800' } }] }, 'json'],
    ['a NUL in a type', { events: [{ type: 'Poi\u0000son', data: {} }] }, 'Unicode'],
    ['data that contain themselves', { events: [{ type: 'Poison', data: loop }] }, 'circular'],
    ['no data', { events: [{ type: 'Poison', data: undefined as unknown as object }] }, 'null value'],
    ['a command id that is none', { commandId: 'none' }, 'uuid'],
    ['half a version', { expectedVersion: 0.5 }, 'integer'],
    [
      'the same claim twice',
      { claims: [1, 2].map(() => ({ key: 'twice', owner: null, kept: true })) },
      'second time',
    ],
  ])('(%s) fails alone', async (_, poison, message) => {
    const { node, letGo } = await busyNode();
    const innocents = Array.from({ length: 6 }, () => appendToNew());
    const poisoned = appendToNew(poison);
    const sent = innocents.map((append) => node.append(append));
    const failed = expect(node.append(poisoned)).rejects.toThrow(message);
    const [later] = [appendToNew()];
    const alsoSent = node.append(later);
    await letGo();
    await failed;
    expect(await statuses([...sent, alsoSent])).toEqual(Array(7).fill('appended'));
    expect(await given.stream(poisoned.streamId)).toEqual([]);
    for (const { streamId } of [...innocents, later]) expect(await given.stream(streamId)).toHaveLength(1);
  });
});

describe('a queue', () => {
  it('takes no more than its bound; who is refused is told at once', async () => {
    const { node, letGo } = await busyNode({ maxQueue: 3 });
    const sent = [1, 2, 3].map(() => node.append(appendToNew()));
    const refused = appendToNew();
    await expect(node.append(refused)).rejects.toThrow(StoreUnavailable);
    await letGo();
    expect(await statuses(sent)).toEqual(['appended', 'appended', 'appended']);
    expect(await given.stream(refused.streamId)).toEqual([]);
    expect(await node.append(refused)).toMatchObject({ status: 'appended' });
  });

  it('forgets who has given up', async () => {
    const { node, letGo } = await busyNode({ maxQueue: 1, deadlineMs: 50 });
    const late = appendToNew();
    await expect(node.append(late)).rejects.toThrow(StoreUnavailable);
    const second = expect(node.append(appendToNew())).rejects.toThrow(StoreUnavailable);
    await second;
    await letGo().catch(() => undefined);
    expect(await node.append(appendToNew())).toMatchObject({ status: 'appended' });
    expect(await given.stream(late.streamId)).toEqual([]);
  });
});
