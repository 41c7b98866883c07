import { randomUUID } from 'node:crypto';
import { Checkpoint } from '../../src/event-store/checkpoint.js';
import type { StoredEvent } from '../../src/event-store/event.js';
import { Subscription, type SubscriptionOptions } from '../../src/event-store/subscription.js';
import { appendToNew, givenStore, happened } from './given-store.js';
import { until } from '../support/until.js';

const given = givenStore();
const running: Subscription[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((subscription) => subscription.stop()));
});

const newName = (): string => `subscription ${randomUUID()}`;
const idOf = ({ streamId, version }: StoredEvent): string => `${streamId} ${version}`;

function subscribe(
  options: Pick<SubscriptionOptions, 'name' | 'handle'> & Partial<SubscriptionOptions>,
): void {
  running.push(new Subscription(given.store, given.pool, { pollMs: 5, ...options }));
}

async function append(): Promise<string> {
  const one = appendToNew();
  await given.store.append(one);
  return `${one.streamId} 1`;
}

/** All events, once PostgreSQL hands them all out. */
async function everything(): Promise<string[]> {
  const [row] = await given.rows<{ count: number }>('select count(*)::int as count from events');
  let events: StoredEvent[] = [];
  await until(async () => {
    events = await given.store.readAfter({ transactionId: '0', position: '0' }, 100_000);
    return events.length === row!.count;
  });
  return events.map(idOf);
}

describe('a subscription that handles several lines at once', () => {
  /** How many are in hand, and what was, in the order it began and ended. */
  const busy = (ms: number) => {
    const [began, ended]: [StoredEvent[], StoredEvent[]] = [[], []];
    let most = 0;
    const handle = async (event: StoredEvent): Promise<void> => {
      began.push(event);
      most = Math.max(most, began.length - ended.length);
      await new Promise((resolve) => setTimeout(resolve, ms * (0.5 + Math.random())));
      ended.push(event);
    };
    return { handle, began, ended, most: () => most };
  };
  const threeOf = async (streamId: string): Promise<string[]> => {
    await given.store.append({ ...appendToNew({ events: [happened, happened, happened] }), streamId });
    return [1, 2, 3].map((version) => `${streamId} ${version}`);
  };

  it('keeps the order of each, and has no more in hand than it may', async () => {
    const streams = await Promise.all(Array.from({ length: 20 }, () => threeOf(`line-${randomUUID()}`)));
    const { handle, ended, most } = busy(10);
    subscribe({ name: newName(), parallel: 8, handle });
    const all = await everything();
    await until(() => ended.length >= all.length);
    const seen = ended.map(idOf);
    expect([...seen].sort()).toEqual([...all].sort());
    for (const stream of streams) expect(seen.filter((one) => stream.includes(one))).toEqual(stream);
    expect(most()).toBe(8);
  }, 20_000);

  it('does nothing beside an event that has no line, and has everything before it behind it', async () => {
    for (let i = 0; i < 10; i++) await append();
    const alone = `user-${randomUUID()}`;
    await threeOf(alone);
    for (let i = 0; i < 10; i++) await append();
    const { handle, began, ended } = busy(10);
    const all = await everything();
    const checked = async (event: StoredEvent): Promise<void> => {
      if (event.streamId === alone) {
        expect(ended.map(idOf).sort()).toEqual(all.slice(0, all.indexOf(idOf(event))).sort());
        expect(began).toHaveLength(ended.length);
      }
      await handle(event);
    };
    const errors: unknown[] = [];
    subscribe({
      ...{ name: newName(), parallel: 8, handle: checked, onError: (error) => errors.push(error) },
      lineOf: ({ streamId }) => (streamId === alone ? null : streamId),
    });
    await until(() => ended.length >= all.length || errors.length > 0);
    expect(errors).toEqual([]);
  }, 20_000);

  it('does not move the checkpoint over what could not be handled, nor handle twice what could', async () => {
    const name = newName();
    const bad = await append();
    const rest = await Promise.all([append(), append(), append()]);
    const all = await everything();
    const seen: string[] = [];
    let refuses = true;
    const handle = async (event: StoredEvent): Promise<void> => {
      if (refuses && idOf(event) === bad) throw new Error('no');
      seen.push(idOf(event));
    };
    subscribe({ name, parallel: 8, handle, longestPauseMs: 1 });
    await until(() => rest.every((one) => seen.includes(one)));
    const before = all[all.indexOf(bad) - 1];
    const at = `select stream_id || ' ' || version as id from events join checkpoints using (transaction_id, position) where name = $1`;
    await until(async () => (await given.rows<{ id: string }>(at, [name]))[0]?.id === before);
    refuses = false;
    await until(() => seen.length >= all.length);
    expect([...seen].sort()).toEqual([...all].sort());
  });
});

describe('a subscription that begins at the head', () => {
  it('hands out nothing older, also when it begins a second time', async () => {
    const name = newName();
    const old = await append();
    await everything();
    const begin = async (): Promise<void> =>
      new Checkpoint(given.pool, name, 1_000).beginAt(await given.store.head());
    await begin();
    const first = await append();
    await begin(); // another node, or the next start
    const seen: string[] = [];
    subscribe({ name, handle: async (event) => void seen.push(idOf(event)) });
    await until(() => seen.length > 0);
    expect(seen).toEqual([first]);
    expect(seen).not.toContain(old);
  });
});
