import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/schema/data-source.js';
import { DeviceRegistry } from '../../src/devices/device-registry.js';
import { DeviceStream } from '../../src/devices/device-stream.js';
import type { Append } from '../../src/event-store/event.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import type { RunStatement } from '../../src/event-store/group-commit.js';
import { EraseUser, EraseUserHandler } from '../../src/privacy/erase-user.js';
import { UserErased } from '../../src/privacy/user-erased.js';
import { appendTo, givenStore } from '../event-store/given-store.js';

const given = givenStore();
let dataSource: DataSource;
beforeAll(async () => {
  dataSource = await createDataSource(given.url).initialize();
});
afterAll(() => dataSource.destroy());

/** Erases a user while others record something about the same user, so many times, each time a moment before. */
async function eraseAmong(rivals: number) {
  const userId = `user-${randomUUID()}`;
  const stream = `user-${userId}`;
  await given.store.fingerprint(userId, 'makes their key');
  const store: EventStore = given.node();
  const append = store.appendWithin.bind(store);
  let left = rivals;
  let version = 0;
  store.appendWithin = async (run: RunStatement, own: Append) => {
    if (left-- > 0) await given.store.append(appendTo(stream, version++));
    return append(run, own);
  };
  let hints = 0;
  const published: object[] = [];
  const handler = new EraseUserHandler(
    ...[dataSource, store, new DeviceRegistry(dataSource, new DeviceStream(store), { now: Date.now })],
    { forgetCallsOf: () => undefined } as never,
    { recorded: () => hints++ } as never,
    {} as never,
    { execute: async () => [] } as never,
    { publish: (event: object) => published.push(event) } as never,
  );
  const erased = handler.execute(new EraseUser(userId));
  const keys = () => given.rows('select from user_keys where user_id = $1', [userId]);
  return { userId, erased, keys, published, recorded: () => given.stream(stream), hints: () => hints };
}

describe('an erasure', () => {
  it('that somebody gets in the way of begins anew, and is recorded behind what they recorded', async () => {
    const { userId, erased, keys, published, recorded, hints } = await eraseAmong(2);
    await erased;
    expect(hints()).toBe(1);
    expect(await recorded()).toEqual(['1 Happened', '2 Happened', '3 UserErased']);
    expect(await keys()).toEqual([]);
    expect(published).toEqual([new UserErased(userId)]);
  });

  it('that never gets through has not begun, and may be asked for again', async () => {
    const { erased, keys, published, recorded, hints } = await eraseAmong(Infinity);
    await expect(erased).rejects.toThrow('the event store does not answer');
    expect(await recorded()).not.toContain(expect.stringContaining('UserErased'));
    expect(await keys()).toHaveLength(1);
    expect([hints(), published]).toEqual([0, []]);
  });
});
