import { randomUUID } from 'node:crypto';
import { type Connection, reconcile } from '../../src/presence/presence-reconciliation.js';
import { givenStore } from '../event-store/given-store.js';

const given = givenStore();
const SOCKETS = 10_000;

/** Puts connections into the table as if they had come so many seconds ago. */
const record = (nodeId: string, connections: readonly Connection[], secondsAgo: number): Promise<unknown> =>
  given.rows(
    `insert into sessions select u, d, c, $4, 'foreground', clock_timestamp() - $5 * interval '1 second'
       from unnest($1::text[], $2::text[], $3::text[]) x(u, d, c)`,
    [
      ...[
        connections.map(({ userId }) => userId),
        connections.map(({ deviceId }) => deviceId),
        connections.map(({ connectionId }) => connectionId),
      ],
      ...[nodeId, secondsAgo],
    ],
  );

const some = (count: number): Connection[] =>
  Array.from({ length: count }, () => ({
    ...{ userId: `user-${randomUUID()}`, deviceId: 'phone', connectionId: randomUUID() },
    appState: 'foreground',
  }));

const recorded = async (nodeId: string): Promise<string[]> =>
  (
    await given.rows<{ connection_id: string }>('select connection_id from sessions where node_id = $1', [
      nodeId,
    ])
  )
    .map(({ connection_id }) => connection_id)
    .sort();
const idsOf = (connections: readonly Connection[]): string[] =>
  connections.map(({ connectionId }) => connectionId).sort();

describe('ten thousand connections and a table that differs', () => {
  it('are put right in a moment, also where PostgreSQL has never heard of the node', async () => {
    // What it knows of the table: all sockets are another node's, as before a rolling restart.
    await record(randomUUID(), some(SOCKETS), 60);
    await given.rows('analyze sessions');
    const nodeId = randomUUID();
    const kept = some(SOCKETS - 200);
    const [lost, stale, returned] = [some(100), some(100), some(100)];
    const old = returned.map((connection) => ({ ...connection, connectionId: randomUUID() }));
    await record(nodeId, [...kept, ...stale, ...old], 60);
    const took: number[] = [];
    // More often than PostgreSQL makes a plan for just these values.
    for (let round = 0; round < 8; round++) {
      const began = performance.now();
      await reconcile(given.pool, nodeId, [...kept, ...lost, ...returned]);
      took.push(performance.now() - began);
      expect(await recorded(nodeId)).toEqual(idsOf([...kept, ...lost, ...returned]));
      await given.rows('delete from sessions where node_id = $1 and connection_id = any($2)', [
        nodeId,
        idsOf([...lost, ...returned]),
      ]);
      await record(nodeId, old, 60);
    }
    expect(Math.max(...took)).toBeLessThan(1_500);
    if (process.env.SHOW_FIGURES) process.stdout.write(`${took.map(Math.round).join(' ')} ms\n`);
  }, 60_000);
});

describe('a row that is younger than a statement may take', () => {
  it('stays, whatever this node thought when it asked', async () => {
    const nodeId = randomUUID();
    const [unknown, newer] = [some(5), some(5)];
    const older = newer.map((connection) => ({ ...connection, connectionId: randomUUID() }));
    await record(nodeId, [...unknown, ...newer], 1);
    await reconcile(given.pool, nodeId, older);
    expect(await recorded(nodeId)).toEqual(idsOf([...unknown, ...newer]));
  });

  it('is put right once it has grown old', async () => {
    const nodeId = randomUUID();
    const [unknown, other] = [some(5), some(5)];
    const real = other.map((connection) => ({ ...connection, connectionId: randomUUID() }));
    await record(nodeId, [...unknown, ...other], 11);
    await reconcile(given.pool, nodeId, real);
    expect(await recorded(nodeId)).toEqual(idsOf(real));
  });
});

describe('a device with two connections to one node', () => {
  it('is recorded with the one that came last', async () => {
    const nodeId = randomUUID();
    const [first] = some(1);
    const second = { ...first!, connectionId: randomUUID() };
    await record(nodeId, [second], 60);
    expect(await reconcile(given.pool, nodeId, [first!, second])).toEqual([]);
    expect(await recorded(nodeId)).toEqual(idsOf([second]));
  });
});
