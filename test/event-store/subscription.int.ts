import { randomUUID } from 'node:crypto';
import type { EventStore } from '../../src/event-store/event-store.js';
import type { StoredEvent } from '../../src/event-store/event.js';
import { Subscription, type SubscriptionOptions } from '../../src/event-store/subscription.js';
import { appendToNew, gate, givenStore, happened, until } from './given-store.js';

const given = givenStore();
const running: Subscription[] = [];
const NEVER = 3_600_000;

// Every test reads from the beginning, hence sees the events of those before it as well.
const newName = (): string => `subscription ${randomUUID()}`;

function subscribe(
  options: Pick<SubscriptionOptions, 'name' | 'handle'> & Partial<SubscriptionOptions>,
  store = given.store,
): Subscription {
  const subscription = new Subscription(store, given.pool, { pollMs: 5, ...options });
  running.push(subscription);
  return subscription;
}

/** A store that counts the looks for new events; a look begins when the one before is done with. */
function watched(afterLook = async () => undefined): { store: EventStore; looks: () => number } {
  let looks = 0;
  const readAfter = async (...args: Parameters<EventStore['readAfter']>) => {
    looks++;
    const events = await given.store.readAfter(...args);
    await afterLook();
    return events;
  };
  return { store: Object.assign(given.node(), { readAfter }), looks: () => looks };
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((subscription) => subscription.stop()));
});

const ids = (events: readonly StoredEvent[]): string[] =>
  events.map(({ streamId, version }) => `${streamId} ${version}`);

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
  return ids(events);
}

const checkpoint = async (name: string): Promise<unknown> =>
  (await given.rows('select transaction_id, position from checkpoints where name = $1', [name]))[0];

describe('a subscription', () => {
  it('hands out everything from the beginning, in global order, batch by batch', async () => {
    for (let i = 0; i < 10; i++) await append();
    const batches: string[][] = [];
    subscribe({ name: newName(), batchSize: 3, handle: async (events) => void batches.push(ids(events)) });
    const all = await everything();
    await until(() => batches.flat().length >= all.length);
    expect(batches.flat()).toEqual(all);
    expect(Math.max(...batches.map((batch) => batch.length))).toBe(3);
  });

  it('loses nothing when a batch ends in the middle of an append', async () => {
    const appended = appendToNew({ events: [happened, happened, happened, happened, happened] });
    await given.store.append(appended);
    const seen: string[] = [];
    subscribe({ name: newName(), batchSize: 2, handle: async (events) => void seen.push(...ids(events)) });
    const all = await everything();
    await until(() => seen.includes(all.at(-1)!));
    expect(seen).toEqual(all);
  });

  it('loses nothing to a transaction that commits late', async () => {
    const seen: string[] = [];
    const client = await given.pool.connect();
    await client.query('begin');
    const slow = appendToNew();
    await given.store.appendWithin((text, values) => client.query(text, values), slow);
    const quick = await append();
    const { store, looks } = watched();
    subscribe({ name: newName(), handle: async (events) => void seen.push(...ids(events)) }, store);
    await until(() => looks() > 2);
    expect(seen).not.toContain(quick);
    await client.query('commit');
    client.release();
    await until(() => seen.includes(quick) && seen.includes(`${slow.streamId} 1`));
    expect(seen).toEqual(await everything());
  });

  it('continues where it stopped', async () => {
    const name = newName();
    const [first, second]: [string[], string[]] = [[], []];
    const before = await append();
    const one = subscribe({ name, handle: async (events) => void first.push(...ids(events)) });
    await until(() => first.includes(before));
    await one.stop();
    const after = await append();
    subscribe({ name, handle: async (events) => void second.push(...ids(events)) });
    await until(() => second.length > 0);
    expect(second).toEqual([after]);
  });

  it('gives the same events again to a handler that threw', async () => {
    await append();
    const batches: string[][] = [];
    const errors: unknown[] = [];
    const handle = async (events: readonly StoredEvent[]): Promise<void> => {
      batches.push(ids(events));
      if (batches.length < 3) throw new Error(`no ${batches.length}`);
    };
    subscribe({ name: newName(), batchSize: 1, handle, onError: (error) => errors.push(error) });
    await until(() => batches.length >= 3);
    expect(batches[1]).toEqual(batches[0]);
    expect(batches[2]).toEqual(batches[0]);
    expect(errors).toEqual([new Error('no 1'), new Error('no 2')]);
  });

  it('looks when it is woken, not only when it polls', async () => {
    const seen: string[] = [];
    const subscription = subscribe({
      name: newName(),
      pollMs: NEVER,
      handle: async (events) => void seen.push(...ids(events)),
    });
    await until(() => seen.length > 0);
    const one = await append();
    await everything();
    subscription.wake();
    await until(() => seen.includes(one));
  });

  it('hears that it is woken while it is busy', async () => {
    const [entered, leave, seen] = [gate(), gate(), [] as string[]];
    const handle = async (events: readonly StoredEvent[]): Promise<void> => {
      seen.push(...ids(events));
      entered.open();
      await leave.opened;
    };
    const subscription = subscribe({ name: newName(), pollMs: NEVER, handle });
    await entered.opened;
    const one = await append();
    await everything();
    subscription.wake();
    leave.open();
    await until(() => seen.includes(one));
  });

  it('stops at once, though it would have slept for long', async () => {
    const name = newName();
    const subscription = subscribe({ name, pollMs: NEVER, handle: async () => undefined });
    const done = 'select from checkpoints where name = $1 and position > 0 and lease_until is null';
    await until(async () => (await given.rows(done, [name])).length > 0);
    await everything(); // time enough to fall asleep
    await subscription.stop();
  });
});

describe('two subscriptions of one name', () => {
  it('share the work: each event is handled by one of them', async () => {
    const name = newName();
    const seen: [string[], string[]] = [[], []];
    for (const mine of seen)
      subscribe({ name, batchSize: 2, handle: async (events) => void mine.push(...ids(events)) });
    for (let i = 0; i < 40; i++) await append();
    const all = await everything();
    await until(() => seen.flat().length >= all.length);
    expect(seen.flat().sort()).toEqual([...all].sort());
  });

  it('do not lose what one of them could not handle', async () => {
    const name = newName();
    const seen: string[] = [];
    const broken = async (): Promise<void> => Promise.reject(new Error('broken'));
    subscribe({ name, batchSize: 2, handle: broken });
    subscribe({ name, batchSize: 2, handle: async (events) => void seen.push(...ids(events)) });
    const all = await everything();
    await until(() => seen.length >= all.length);
    expect(seen).toEqual(all);
  });

  it('wait for the lease of the other', async () => {
    const [name, entered, leave] = [newName(), gate(), gate()];
    await append();
    let others = 0;
    const holding = async (): Promise<void> => {
      entered.open();
      await leave.opened;
    };
    subscribe({ name, leaseMs: 60_000, handle: holding });
    await entered.opened;
    const { store, looks } = watched();
    subscribe({ name, handle: async () => void others++ }, store);
    await until(() => looks() > 5); // and was refused the lease each time
    expect(others).toBe(0);
    leave.open();
  });

  it('leave alone what the other has handled since one looked', async () => {
    const [name, looked, goOn] = [newName(), gate(), gate()];
    await append();
    const all = await everything();
    const late: string[] = [];
    const wait = async (): Promise<undefined> => {
      looked.open();
      await goOn.opened;
    };
    const { store, looks } = watched(wait);
    subscribe({ name, handle: async (events) => void late.push(...ids(events)) }, store);
    await looked.opened;
    const seen: string[] = [];
    const other = subscribe({ name, handle: async (events) => void seen.push(...ids(events)) });
    await until(() => seen.length >= all.length);
    await other.stop();
    goOn.open();
    await until(() => looks() > 1);
    expect(late).toEqual([]);
  });

  it('take over when a lease runs out; who comes back from the dead cannot move the checkpoint', async () => {
    const [name, entered, leave] = [newName(), gate(), gate()];
    for (let i = 0; i < 3; i++) await append();
    const stale = subscribe({
      ...{ name, leaseMs: 1, batchSize: 1 },
      handle: async () => {
        entered.open();
        await leave.opened;
      },
    });
    await entered.opened;
    const seen: string[] = [];
    const all = await everything();
    const heir = subscribe({ name, handle: async (events) => void seen.push(...ids(events)) });
    await until(() => seen.length >= all.length);
    await heir.stop();
    expect(seen).toEqual(all);
    const moved = await checkpoint(name);
    leave.open();
    await stale.stop();
    expect(await checkpoint(name)).toEqual(moved);
  });
});
