import { randomUUID } from 'node:crypto';
import type { NewJob } from '../../src/event-store/event.js';
import { appendTo, appendToNew, ended, givenStore, newStream } from './given-store.js';

const given = givenStore();

const job = (more: Partial<NewJob> = {}): NewJob => ({
  key: `job ${randomUUID()}`,
  kind: 'test',
  payload: { text: 'a "b"' },
  dueInMs: 0,
  leaseMs: null,
  ...more,
});
const jobKeys = async (streamId: string): Promise<string[]> => {
  const rows = await given.rows<{ key: string }>('select key from jobs where stream_id = $1 order by key', [
    streamId,
  ]);
  return rows.map(({ key }) => key);
};

describe('the jobs of an append', () => {
  it('are there with its events, due and leased as it says', async () => {
    const [now, later] = [job({ leaseMs: 3_000 }), job({ dueInMs: 45_000 })];
    const append = appendToNew({ jobs: [now, later] });
    const result = await given.store.append(append);
    const at = result.status === 'appended' ? result.at : NaN;
    const rows = await given.rows('select * from jobs where key in ($1, $2) order by due_at', [
      now.key,
      later.key,
    ]);
    const { streamId: stream_id } = append;
    expect(rows).toMatchObject([
      {
        key: now.key,
        kind: 'test',
        stream_id,
        payload: now.payload,
        epoch: 0,
        attempts: 0,
        due_at: new Date(at),
        lease_until: new Date(at + 3_000),
      },
      { key: later.key, stream_id, due_at: new Date(at + 45_000), lease_until: null },
    ]);
  });

  it('are not there when it loses', async () => {
    const { streamId } = appendToNew();
    await given.store.append(appendTo(streamId, 0));
    expect(await given.store.append(appendTo(streamId, 0, { jobs: [job()] }))).toEqual({
      status: 'conflict',
    });
    expect(await jobKeys(streamId)).toEqual([]);
  });

  it('are not there again when the command is repeated', async () => {
    const append = appendToNew({ jobs: [job()] });
    await given.store.append(append);
    await given.rows('delete from jobs where stream_id = $1', [append.streamId]);
    expect(await given.store.append(append)).toEqual({ status: 'duplicate' });
    expect(await jobKeys(append.streamId)).toEqual([]);
  });

  it('are cancelled by an append, and not by one that loses', async () => {
    const [first, second] = [job({ key: `a ${randomUUID()}` }), job({ key: `b ${randomUUID()}` })];
    const append = appendToNew({ jobs: [first, second] });
    await given.store.append(append);
    await given.store.append(appendTo(append.streamId, 0, { cancelJobs: [first.key, second.key] }));
    expect(await jobKeys(append.streamId)).toEqual([first.key, second.key]);
    await given.store.append(appendTo(append.streamId, 1, { cancelJobs: [first.key] }));
    expect(await jobKeys(append.streamId)).toEqual([second.key]);
  });

  it('can take the place of the one it cancels, and otherwise leave the older one alone', async () => {
    const { key } = job();
    const append = appendToNew({ jobs: [job({ key, kind: 'old' })] });
    await given.store.append(append);
    const kind = async () =>
      (await given.rows<{ kind: string }>('select kind from jobs where key = $1', [key]))[0]?.kind;
    await given.store.append(appendTo(append.streamId, 1, { jobs: [job({ key, kind: 'new' })] }));
    expect(await kind()).toBe('old');
    await given.store.append(
      appendTo(append.streamId, 2, { jobs: [job({ key, kind: 'new' })], cancelJobs: [key] }),
    );
    expect(await kind()).toBe('new');
  });

  it('need no event', async () => {
    const append = appendTo(newStream(), 0, { events: [], jobs: [job()] });
    await given.store.append(append);
    expect(await jobKeys(append.streamId)).toHaveLength(1);
    await given.store.append({ ...append, jobs: [], cancelJobs: [append.jobs![0]!.key] });
    expect(await jobKeys(append.streamId)).toEqual([]);
  });

  it('stay with their append when many share a statement', async () => {
    const leave = await given.occupy('jobs');
    const looked = [{ key: 'jobs', owner: null, kept: false }];
    const blocker = [0, 1].map((i) => given.store.append(appendToNew({ claims: i === 0 ? looked : [] })));
    const appends = Array.from({ length: 20 }, (_, i) =>
      appendToNew({ jobs: Array.from({ length: i % 3 }, () => job()) }),
    );
    const sent = appends.map((append) => given.store.append(append));
    await leave();
    await Promise.all([...blocker, ...sent]);
    for (const { streamId, jobs } of appends) {
      expect(await jobKeys(streamId)).toEqual(jobs!.map(({ key }) => key).sort());
    }
  });
});

describe('what the rules oblige an append to', () => {
  const ring = job({ key: 'ring' });
  const node = () =>
    given.node({
      obligations: ({ streamId, events }) =>
        events.at(-1)?.type === 'Ended'
          ? { cancelJobs: [`ring ${streamId}`] }
          : { jobs: [{ ...ring, key: `ring ${streamId}` }] },
    });

  it('comes and goes with its events', async () => {
    const [store, append] = [node(), appendToNew()];
    await store.append(append);
    expect(await jobKeys(append.streamId)).toEqual([`ring ${append.streamId}`]);
    await store.append(appendTo(append.streamId, 1, { events: [ended] }));
    expect(await jobKeys(append.streamId)).toEqual([]);
  });

  it('adds to what the append asks for itself', async () => {
    const [store, own] = [node(), job()];
    const append = appendToNew({ jobs: [own] });
    await store.append(append);
    expect(await jobKeys(append.streamId)).toEqual([own.key, `ring ${append.streamId}`].sort());
    await store.append(appendTo(append.streamId, 1, { events: [ended], cancelJobs: [own.key] }));
    expect(await jobKeys(append.streamId)).toEqual([]);
  });

  it('holds inside a transaction of the caller’s too', async () => {
    const [store, append] = [node(), appendToNew()];
    await store.appendWithin((text, values) => given.pool.query(text, values), append);
    expect(await jobKeys(append.streamId)).toEqual([`ring ${append.streamId}`]);
  });
});
