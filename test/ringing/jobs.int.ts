import { randomUUID } from 'node:crypto';
import { type Job, Jobs } from '../../src/ringing/jobs.js';
import { appendToNew, givenStore } from '../event-store/given-store.js';
import { until } from '../support/until.js';

const given = givenStore();

const SOON_MS = 60_000;
const ALL = { limit: 50, after: null, except: [] };

/** A job that is due, held by nobody. */
async function dueJob(): Promise<string> {
  const key = `job ${randomUUID()}`;
  const job = { key, kind: 'push', payload: { callId: randomUUID() }, dueInMs: 0, leaseMs: null };
  await given.store.append(appendToNew({ jobs: [job] }));
  return key;
}

interface Row {
  epoch: number;
  leased: boolean;
}
const rowOf = async (key: string): Promise<Row | undefined> => {
  const text = `select epoch, lease_until > clock_timestamp() as leased from jobs where key = $1`;
  return (await given.rows<Row & { leased: boolean }>(text, [key]))[0];
};

/** Claims on one node, loses the lease as a frozen node does, and is claimed again on another one. */
async function takenOver(): Promise<{ key: string; lost: Job; held: Job; jobs: Jobs }> {
  const key = await dueJob();
  const jobs = new Jobs(given.pool);
  const [lost] = (await jobs.claimDue(ALL)).filter((job) => job.key === key);
  await given.rows(`update jobs set lease_until = clock_timestamp() - interval '1 second' where key = $1`, [
    key,
  ]);
  const [held] = (await new Jobs(given.pool).claimDue(ALL)).filter((job) => job.key === key);
  return { key, lost: lost!, held: held!, jobs };
}

describe('a job', () => {
  it('is claimed by one node while its lease lasts', async () => {
    const key = await dueJob();
    const nodes = [new Jobs(given.pool), new Jobs(given.pool)];
    const claims = await Promise.all(nodes.map((jobs) => jobs.claimDue(ALL)));
    expect(claims.flat().filter((job) => job.key === key)).toMatchObject([{ key, epoch: 1 }]);
  });

  it('is claimed by another node when its lease has run out, under a higher epoch', async () => {
    const { lost, held } = await takenOver();
    expect([lost.epoch, held.epoch]).toEqual([1, 2]);
  });

  it('cannot be finished by who has lost it', async () => {
    const { key, lost, held, jobs } = await takenOver();
    await jobs.finish(lost);
    expect(await rowOf(key)).toMatchObject({ epoch: 2, leased: true });
    await jobs.finish(held);
    expect(await rowOf(key)).toBeUndefined();
  });

  it('cannot be postponed by who has lost it', async () => {
    const { key, lost, held, jobs } = await takenOver();
    await jobs.postpone(lost, SOON_MS);
    expect(await rowOf(key)).toMatchObject({ epoch: 2, leased: true });
    await jobs.postpone(held, SOON_MS);
    expect(await rowOf(key)).toMatchObject({ epoch: 2, leased: null });
  });

  it('cannot be extended by who has lost it, and they are told', async () => {
    const { lost, held, jobs } = await takenOver();
    expect(await jobs.extend(lost)).toBe(false);
    expect(await jobs.extend(held)).toBe(true);
  });

  it('comes back when it was postponed', async () => {
    const key = await dueJob();
    const jobs = new Jobs(given.pool);
    const [job] = (await jobs.claimDue(ALL)).filter((one) => one.key === key);
    await jobs.postpone(job!, 20);
    await until(async () => (await jobs.claimDue(ALL)).some((one) => one.key === key && one.epoch === 2));
  });
});
