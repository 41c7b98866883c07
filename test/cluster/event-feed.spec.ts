import { RedisBus } from '../../src/cluster/redis-bus.js';
import { EventFeed } from '../../src/cluster/event-feed.js';
import type { Presence } from '../../src/presence/presence.js';
import { type StoredEvent, StoreUnavailable } from '../../src/event-store/event.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { Log } from '../../src/log/log.js';
import { eventually } from '../support/gateway.js';

const recorded = (streamId: string, version: number): StoredEvent => ({
  streamId,
  version,
  type: 'Happened',
  data: {},
  position: String(version),
  at: 0,
  actor: null,
  commandId: `${streamId} ${version}`,
});

/** A feed of a store in which other nodes have recorded this. */
function feedOf(events: StoredEvent[]) {
  const errors: string[] = [];
  const log = new Log('silent');
  log.error = (message) => void errors.push(message);
  log.warn = log.error;
  const store = {
    head: async () => ({ transactionId: '0', position: '0' }),
    readAfter: async ({ position }: { position: string }) =>
      events
        .filter((event) => Number(event.position) > Number(position))
        .map((event) => ({ ...event, cursor: { transactionId: '0', position: event.position } })),
    commands: { isOwn: () => false },
  } as unknown as EventStore;
  const bus = { clustered: true } as RedisBus;
  return { feed: new EventFeed(store, { alone: false } as Presence, bus, log), errors };
}

describe('a feed', () => {
  const three = [recorded('call-a', 1), recorded('call-b', 2), recorded('call-c', 3)];

  it('goes on behind what cannot be told, and tells nothing twice', async () => {
    const { feed, errors } = feedOf(three);
    const told: string[] = [];
    feed.onAppend(async ([event]) => {
      if (event!.streamId === 'call-b') throw new Error('a call cannot begin with CallTransferred');
      told.push(event!.streamId);
    });
    await feed.onApplicationBootstrap();
    feed.wake();
    await eventually(
      async () => told,
      ({ length }) => length === 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 600)); // nothing more comes of two regular looks
    await feed.onModuleDestroy();
    expect(told).toEqual(['call-a', 'call-c']);
    expect(errors).toEqual(['what another node recorded could not be told']);
  });

  it('reads again what PostgreSQL was away for', async () => {
    const { feed } = feedOf(three);
    const told: string[] = [];
    let away = true;
    feed.onAppend(async ([event]) => {
      if (event!.streamId === 'call-b' && away) {
        away = false;
        throw new StoreUnavailable(new Error('timeout'));
      }
      told.push(event!.streamId);
    });
    await feed.onApplicationBootstrap();
    feed.wake();
    await eventually(
      async () => told,
      (streams) => streams.includes('call-b') && streams.includes('call-c'),
    );
    await feed.onModuleDestroy();
  });
});
