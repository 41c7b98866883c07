import { randomUUID } from 'node:crypto';
import { appendTo, appendToNew, givenStore, newStream } from './given-store.js';

const given = givenStore();

describe('an append that loses', () => {
  it('is planned without anything that PostgreSQL would compile: as one that wins', async () => {
    const client = await given.pool.connect();
    try {
      // What a plan type that is switched off costs extra up to PostgreSQL 17 would be above any threshold.
      await client.query('set jit = on; set jit_above_cost = 100000');
      const { rows } = await client.query<{ proconfig: string[] }>(
        `select proconfig from pg_proc where proname = 'append_events'`,
      );
      expect(rows.every(({ proconfig }) => proconfig.includes('jit=off'))).toBe(true);
      const { rows: source } = await client.query<{ prosrc: string }>(
        `select prosrc from pg_proc where proname = 'append_events'`,
      );
      expect(source[0]!.prosrc).not.toMatch(/full (outer )?join/i);
    } finally {
      client.release();
    }
  });

  it('tells every loser of a batch apart, with and without events', async () => {
    const taken = newStream();
    const key = `place ${randomUUID()}`;
    await given.store.append(appendTo(taken, 0));
    await given.store.append(appendToNew({ claims: [{ key, owner: null, kept: true }] }));
    const [conflict, held, heldWithoutEvents, won] = await Promise.all([
      given.store.append(appendTo(taken, 0)),
      given.store.append(appendToNew({ claims: [{ key, owner: null, kept: true }] })),
      given.store.append(
        appendToNew({ events: [], claims: [{ key: `${key} `.trim(), owner: null, kept: true }] }),
      ),
      given.store.append(appendToNew()),
    ]);
    expect([conflict.status, held.status, heldWithoutEvents.status, won.status]).toEqual([
      'conflict',
      'held',
      'held',
      'appended',
    ]);
  });

  it('as often as fifty devices do at once, leaves every one with its answer', async () => {
    const stream = newStream();
    await given.store.append(appendTo(stream, 0));
    const nodes = [given.node(), given.node()];
    const told = await Promise.all(
      Array.from({ length: 50 }, (_, nr) => nodes[nr % 2]!.append(appendTo(stream, 1))),
    );
    const count = (status: string): number => told.filter((one) => one.status === status).length;
    expect([count('appended'), count('conflict')]).toEqual([1, 49]);
  });
});
