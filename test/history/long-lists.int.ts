import type { Pool } from 'pg';
import { HistoryTurns } from '../../src/history/history-turns.js';
import { type CallPage, ListCalls, ListCallsHandler } from '../../src/history/list-calls.js';
import { givenStore } from '../event-store/given-store.js';
import { recordCalls } from './given-calls.js';

const given = givenStore();
const MINUTE_MS = 60_000;
const clock = { now: () => Date.now() };

describe('the list of somebody with a long history', () => {
  let list: ListCallsHandler;
  beforeAll(async () => {
    list = new ListCallsHandler(given.pool, clock);
    const calls = { caller: 'alice', callee: 'bob' };
    const newest = (minutes: number): Date => new Date(Date.now() - minutes * MINUTE_MS);
    await recordCalls(given, { ...calls, ending: 'failed', count: 2, newest: newest(4_000) });
    await recordCalls(given, { ...calls, ending: 'completed', count: 2_500, newest: newest(0) });
    await given.rows('analyze events');
  }, 60_000);

  const failed = (cursor?: string): Promise<CallPage> =>
    list.execute(new ListCalls('alice', { outcome: 'failed', limit: 25, ...(cursor ? { cursor } : {}) }));

  it('goes on by cursors until what is rare has been found, and then ends', async () => {
    const pages: CallPage[] = [await failed()];
    while (pages.at(-1)!.nextCursor !== null) pages.push(await failed(pages.at(-1)!.nextCursor!));
    expect(pages.map(({ items }) => items.length)).toEqual([0, 0, 2]);
  });

  it('gives full pages where nothing is filtered, and misses nothing between them', async () => {
    const seen = new Set<string>();
    let cursor: string | null | undefined;
    do {
      const page = await list.execute(new ListCalls('alice', { limit: 100, ...(cursor ? { cursor } : {}) }));
      for (const { callId } of page.items) seen.add(callId);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen.size).toBe(2_502);
  });

  it('finds calls with one other user only, also one who is called like the user', async () => {
    const of = async (peer: string): Promise<number> =>
      (await list.execute(new ListCalls('alice', { with: peer, limit: 5 }))).items.length;
    expect([await of('bob'), await of('alice'), await of('carol')]).toEqual([5, 0, 0]);
  });

  it('is asked of PostgreSQL once at a time for each user, so that nobody else waits for it', async () => {
    const running = new Map<string, number>();
    let most = 0;
    const counting = {
      query: async (query: { values: unknown[] }) => {
        const user = query.values[0] as string;
        running.set(user, (running.get(user) ?? 0) + 1);
        most = Math.max(most, running.get(user)!);
        const result: unknown = await given.pool.query(query as unknown as string);
        running.set(user, running.get(user)! - 1);
        return result;
      },
    } as unknown as Pool;
    const handler = new ListCallsHandler(counting, clock);
    const turns = new HistoryTurns();
    const asked = ['alice', 'bob', 'alice', 'alice', 'bob'].map((user) =>
      turns.run(user, () => handler.execute(new ListCalls(user, { outcome: 'failed', limit: 1 }))),
    );
    await Promise.all(asked);
    expect(most).toBe(1);
  });
});
