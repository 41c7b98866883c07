import { StoreUnavailable, type Append, type AppendResult } from '../../src/event-store/event.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { appendTo, appendToNew, givenStore } from './given-store.js';
import { until } from '../support/until.js';

const given = givenStore();
let proxy: TcpProxy;
let node: EventStore;

beforeEach(async () => {
  proxy = await TcpProxy.to(given.url);
  node = given.node({}, proxy.url);
  await node.append(appendToNew()); // the connection stands
});
afterEach(() => proxy.close());

/** PostgreSQL must be given up within two seconds; a busy machine may be a little late in noticing. */
const PATIENCE_MS = 2_800;

async function timed<T>(work: Promise<T>): Promise<{ ms: number; error: unknown }> {
  const since = performance.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { ms: performance.now() - since, error };
}

/** What a client does that was told to try again. */
async function insist(store: EventStore, append: Append): Promise<AppendResult> {
  for (;;) {
    try {
      return await store.append(append);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
}

describe('a connection that is lost', () => {
  it('after the commit leaves the event there once, and the append knows', async () => {
    const append = appendToNew();
    const lost = proxy.loseNextReply();
    const result = node.append(append);
    await lost;
    expect(await result).toEqual({ status: 'duplicate' });
    expect(await given.stream(append.streamId)).toHaveLength(1);
  });

  it('before the statement arrives is made good by sending it again', async () => {
    const append = appendToNew();
    const lost = proxy.loseNextRequest();
    const result = node.append(append);
    await lost;
    expect(await result).toMatchObject({ status: 'appended' });
    expect(await given.stream(append.streamId)).toHaveLength(1);
  });

  it('settles every append of a batch', async () => {
    const old = appendToNew();
    await node.append(old);
    const appends = [
      appendToNew(),
      appendTo(old.streamId, 0),
      appendTo(old.streamId, 1),
      ...Array.from({ length: 9 }, () => appendToNew()),
    ];
    const lost = proxy.loseNextReply();
    const results = Promise.all(appends.map((append) => node.append(append)));
    await lost;
    for (const [index, { status }] of (await results).entries()) {
      if (index === 1) expect(status).toBe('conflict');
      else expect(['appended', 'duplicate']).toContain(status);
    }
    for (const { streamId } of appends)
      expect(await given.stream(streamId)).toHaveLength(streamId === old.streamId ? 2 : 1);
  });

  it('by PostgreSQL’s hand, again and again under load, loses nothing and doubles nothing', async () => {
    const callers = 16;
    const each = 30;
    const appended: Append[] = [];
    let running = true;
    const call = async (): Promise<void> => {
      for (let i = 0; i < each; i++) {
        const append = appendToNew({
          events: [
            { type: 'A', data: {} },
            { type: 'B', data: {} },
          ],
        });
        const { status } = await insist(node, append);
        expect(['appended', 'duplicate']).toContain(status);
        appended.push(append);
      }
    };
    const interrupt = async (): Promise<number> => {
      let killed = 0;
      while (running) {
        const text = `select pg_terminate_backend(pid) from pg_stat_activity
                       where datname = current_database() and application_name = 'ringway appends' limit 1`;
        killed += (await given.rows(text)).length;
        const before = appended.length;
        await until(() => !running || appended.length >= before + 20);
      }
      return killed;
    };
    const interrupted = interrupt();
    await Promise.all(Array.from({ length: callers }, call));
    running = false;
    expect(await interrupted).toBeGreaterThan(5);
    const rows = await given.rows<{ count: number; streams: number }>(
      `select count(*)::int as count, count(distinct stream_id)::int as streams from events where stream_id = any($1)`,
      [appended.map(({ streamId }) => streamId)],
    );
    expect(rows).toEqual([{ count: 2 * callers * each, streams: callers * each }]);
  }, 30_000);
});

describe('a PostgreSQL that does not answer', () => {
  it('is given up within two seconds, by the appends in flight and those behind them', async () => {
    proxy.silence();
    const stream = appendToNew();
    const sent = [stream, appendToNew(), appendToNew(), appendTo(stream.streamId, 1)];
    for (const { ms, error } of await Promise.all(sent.map((append) => timed(node.append(append))))) {
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(ms).toBeLessThan(PATIENCE_MS);
    }
  });

  it('is given up within two seconds by who comes when it is known already', async () => {
    proxy.silence();
    await timed(node.append(appendToNew()));
    const { ms, error } = await timed(node.append(appendToNew()));
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(ms).toBeLessThan(PATIENCE_MS);
  });

  it('is given up within two seconds by readers', async () => {
    proxy.silence();
    const reads = [
      node.read('any'),
      node.holderOf('any'),
      node.readAfter({ transactionId: '0', position: '0' }, 1),
    ];
    for (const { ms, error } of await Promise.all(reads.map((read) => timed<unknown>(read)))) {
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(ms).toBeLessThan(PATIENCE_MS);
    }
  });

  it('is believed again as soon as it answers; what was repeated meanwhile is recorded once', async () => {
    proxy.silence();
    const appends = Array.from({ length: 5 }, () => appendToNew());
    await Promise.all(appends.map((append) => timed(node.append(append))));
    const again = appends.map((append) => insist(node, append));
    proxy.heal();
    for (const { status } of await Promise.all(again)) expect(['appended', 'duplicate']).toContain(status);
    for (const { streamId } of appends) expect(await given.stream(streamId)).toHaveLength(1);
  }, 15_000);

  it('that refuses connections is asked again until the deadline', async () => {
    const { url } = proxy;
    const patient = given.node({ deadlineMs: 400 }, url);
    await proxy.close();
    const { ms, error } = await timed(patient.append(appendToNew()));
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(ms).toBeGreaterThan(300);
    expect(ms).toBeLessThan(PATIENCE_MS);
    proxy = await TcpProxy.to(given.url);
  });
});
