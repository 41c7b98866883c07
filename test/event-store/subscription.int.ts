import { randomUUID } from 'node:crypto';
import type { EventStore } from '../../src/event-store/event-store.js';
import type { StoredEvent } from '../../src/event-store/event.js';
import { Subscription, type SubscriptionOptions } from '../../src/event-store/subscription.js';
import { appendToNew, gate, givenStore, happened } from './given-store.js';
import { until } from '../support/until.js';

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

const idOf = ({ streamId, version }: StoredEvent): string => `${streamId} ${version}`;

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

const checkpoint = async (name: string): Promise<unknown> =>
  (await given.rows('select transaction_id, position from checkpoints where name = $1', [name]))[0];

describe('a subscription', () => {
  it('hands out everything from the beginning, in global order, batch by batch', async () => {
    for (let i = 0; i < 10; i++) await append();
    const seen: string[] = [];
    const { store, looks } = watched();
    subscribe({ name: newName(), batchSize: 3, handle: async (event) => void seen.push(idOf(event)) }, store);
    const all = await everything();
    await until(() => seen.length >= all.length);
    expect(seen).toEqual(all);
    expect(looks()).toBeGreaterThanOrEqual(all.length / 3);
  });

  it('loses nothing when a batch ends in the middle of an append', async () => {
    const appended = appendToNew({ events: [happened, happened, happened, happened, happened] });
    await given.store.append(appended);
    const seen: string[] = [];
    subscribe({ name: newName(), batchSize: 2, handle: async (event) => void seen.push(idOf(event)) });
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
    subscribe({ name: newName(), handle: async (event) => void seen.push(idOf(event)) }, store);
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
    const one = subscribe({ name, handle: async (event) => void first.push(idOf(event)) });
    await until(() => first.includes(before));
    await one.stop();
    const after = await append();
    subscribe({ name, handle: async (event) => void second.push(idOf(event)) });
    await until(() => second.length > 0);
    expect(second).toEqual([after]);
  });

  it('gives an event again to a handler that threw, and none of those before it', async () => {
    const name = newName();
    for (let i = 0; i < 4; i++) await append();
    const all = await everything();
    const seen: string[] = [];
    const errors: unknown[] = [];
    const handle = async (event: StoredEvent): Promise<void> => {
      seen.push(idOf(event));
      if (idOf(event) === all[2] && errors.length < 2) throw new Error(`no ${errors.length + 1}`);
    };
    subscribe({ name, handle, longestPauseMs: 1, onError: (error) => errors.push(error) });
    await until(() => seen.includes(all.at(-1)!));
    expect(seen).toEqual([...all.slice(0, 3), all[2], ...all.slice(2)]);
    expect(errors).toEqual([new Error('no 1'), new Error('no 2')]);
  });

  it('remembers how far it came before the handler threw', async () => {
    const name = newName();
    for (let i = 0; i < 4; i++) await append();
    const all = await everything();
    const refusing = subscribe({
      name,
      handle: (event) => (idOf(event) === all[2] ? Promise.reject(new Error('no')) : Promise.resolve()),
    });
    await until(async () => Number(((await checkpoint(name)) as { position?: string })?.position) > 0);
    await refusing.stop();
    const seen: string[] = [];
    subscribe({ name, handle: async (event) => void seen.push(idOf(event)) });
    await until(() => seen.includes(all.at(-1)!));
    expect(seen).toEqual(all.slice(2));
  });

  it('comes back to a handler that throws after pauses that grow', async () => {
    await append();
    const tries: number[] = [];
    const handle = (): Promise<void> => {
      tries.push(performance.now());
      return Promise.reject(new Error('away'));
    };
    subscribe({ name: newName(), handle });
    await until(() => tries.length === 4);
    const pauses = tries.slice(1).map((at, index) => at - tries[index]!);
    // 0.5 s, 1 s, 2 s, each less up to its half.
    for (const [index, pause] of pauses.entries()) expect(pause).toBeGreaterThanOrEqual(250 * 2 ** index - 5);
  }, 20_000);

  it('looks when it is woken, not only when it polls', async () => {
    const seen: string[] = [];
    const subscription = subscribe({
      name: newName(),
      pollMs: NEVER,
      handle: async (event) => void seen.push(idOf(event)),
    });
    await until(() => seen.length > 0);
    const one = await append();
    await everything();
    subscription.wake();
    await until(() => seen.includes(one));
  });

  it('hears that it is woken while it is busy', async () => {
    const [entered, leave, seen] = [gate(), gate(), [] as string[]];
    const handle = async (event: StoredEvent): Promise<void> => {
      seen.push(idOf(event));
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
      subscribe({ name, batchSize: 2, handle: async (event) => void mine.push(idOf(event)) });
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
    subscribe({ name, batchSize: 2, handle: async (event) => void seen.push(idOf(event)) });
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
    subscribe({ name, handle: async (event) => void late.push(idOf(event)) }, store);
    await looked.opened;
    const seen: string[] = [];
    const other = subscribe({ name, handle: async (event) => void seen.push(idOf(event)) });
    await until(() => seen.length >= all.length);
    await other.stop();
    goOn.open();
    await until(() => looks() > 1);
    expect(late).toEqual([]);
  });

  it('take over when a lease runs out; who comes back from the dead cannot move the checkpoint', async () => {
    const [name, entered, leave] = [newName(), gate(), gate()];
    for (let i = 0; i < 3; i++) await append();
    // Frozen as a whole: it extends nothing either.
    const query = async (text: string, values: unknown[]): Promise<unknown> => {
      if (text.startsWith('update')) await leave.opened;
      return given.pool.query(text, values);
    };
    const frozen = new Proxy(given.pool, {
      get: (target, key) => (key === 'query' ? query : Reflect.get(target, key)) as unknown,
    });
    const handle = async (): Promise<void> => {
      entered.open();
      await leave.opened;
    };
    const stale = new Subscription(given.store, frozen, { name, handle, leaseMs: 30 });
    running.push(stale);
    await entered.opened;
    const seen: string[] = [];
    const all = await everything();
    const heir = subscribe({ name, handle: async (event) => void seen.push(idOf(event)) });
    await until(() => seen.length >= all.length);
    await heir.stop();
    expect(seen).toEqual(all);
    const moved = await checkpoint(name);
    leave.open();
    await stale.stop();
    expect(await checkpoint(name)).toEqual(moved);
  });

  it('leave each other in peace for as long as one works, however short its lease', async () => {
    const [name, entered, leave] = [newName(), gate(), gate()];
    await append();
    const handle = async (): Promise<void> => {
      entered.open();
      await leave.opened;
    };
    subscribe({ name, leaseMs: 300, handle });
    await entered.opened;
    let others = 0;
    subscribe({ name, handle: async () => void others++ });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(others).toBe(0);
    leave.open();
  });

  it('do not wait for the lease of one that could not give it back and goes on itself', async () => {
    const name = newName();
    await append();
    let refused = 0;
    const query = async (text: string, values: unknown[]): Promise<unknown> => {
      if (text.startsWith('update') && refused++ === 0) throw new Error('timeout');
      return given.pool.query(text, values);
    };
    const pool = new Proxy(given.pool, {
      get: (target, key) => (key === 'query' ? query : Reflect.get(target, key)) as unknown,
    });
    const seen: string[] = [];
    const all = await everything();
    const handle = async (event: StoredEvent): Promise<void> => void seen.push(idOf(event));
    running.push(new Subscription(given.store, pool, { name, handle, leaseMs: NEVER, pollMs: 5 }));
    const one = await append();
    await until(() => seen.includes(one));
    expect(seen).toEqual([...all, one]); // nor does it do anything twice
  });
});
