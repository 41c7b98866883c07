import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Batch } from '../concurrency/batch.js';
import { CONTROL_POOL } from '../database/pools.js';
import { type JobKind, type JobPayload, LEASE_MS } from './domain/jobs.js';

export interface Job {
  key: string;
  kind: JobKind;
  payload: JobPayload;
  /** Counts the claims; who holds an older epoch has lost the job. 0: nobody but the node that recorded it has had it. */
  epoch: number;
  /** For how long it could have been claimed before it was. */
  lateMs: number;
}

export interface Look {
  limit: number;
  /** Only jobs that were due after this moment, in milliseconds since the epoch; null: all. */
  after: number | null;
  /** Kinds that are left alone. */
  except: readonly JobKind[];
}

/** What must still happen, as PostgreSQL knows it. A node that dies loses its lease, and another one claims the job. */
@Injectable()
export class Jobs {
  private readonly finished: Batch<{ key: string; epoch: number }, void>;

  constructor(@Inject(CONTROL_POOL) private readonly pool: Pool) {
    this.finished = new Batch({ size: 200, concurrency: 1 }, (jobs) => this.delete(jobs));
  }

  /**
   * Jobs that are due and nobody's, now leased to us. By the statement's time, which may bound a look into the index; by the
   * clock's, which moves on meanwhile, each look would read all jobs there are.
   */
  async claimDue({ limit, after, except }: Look): Promise<Job[]> {
    const { rows } = await this.pool.query<Job>({
      name: 'claim_jobs',
      text: `with due as materialized (
               select key, greatest(due_at, coalesce(lease_until, due_at)) as since from jobs
                where due_at <= statement_timestamp() and due_at > $3
                  and (lease_until is null or lease_until < statement_timestamp())
                  and kind <> all($4)
                order by due_at limit $1 for update skip locked)
             update jobs set lease_until = clock_timestamp() + $2 * interval '1 millisecond', epoch = epoch + 1
               from due where jobs.key = due.key
             returning jobs.key, kind, payload, epoch,
                       (extract(epoch from statement_timestamp() - since) * 1000)::float8 as "lateMs"`,
      values: [limit, LEASE_MS, after === null ? '-infinity' : new Date(after), except],
    });
    return rows;
  }

  /** Done; ignored when somebody else has claimed it meanwhile. */
  finish(job: { key: string; epoch: number }): Promise<void> {
    return this.finished.add(job);
  }

  /** Asks for more time. @returns false when the job is not ours any more: then stop. */
  async extend({ key, epoch }: { key: string; epoch: number }): Promise<boolean> {
    const { rowCount } = await this.pool.query({
      name: 'extend_job',
      text: `update jobs set lease_until = clock_timestamp() + $3 * interval '1 millisecond' where key = $1 and epoch = $2`,
      values: [key, epoch, LEASE_MS],
    });
    return rowCount === 1;
  }

  /** Not now, but after a pause, whoever is there then. */
  async postpone({ key, epoch }: { key: string; epoch: number }, afterMs: number): Promise<void> {
    await this.pool.query({
      name: 'postpone_job',
      text: `update jobs set lease_until = null, due_at = clock_timestamp() + $3 * interval '1 millisecond'
              where key = $1 and epoch = $2`,
      values: [key, epoch, Math.round(afterMs)],
    });
  }

  private async delete(jobs: { key: string; epoch: number }[]): Promise<void[]> {
    await this.pool.query({
      name: 'finish_jobs',
      text: `delete from jobs using unnest($1::text[], $2::int[]) j(key, epoch)
              where jobs.key = j.key and jobs.epoch = j.epoch`,
      values: [jobs.map(({ key }) => key), jobs.map(({ epoch }) => epoch)],
    });
    return jobs.map(() => undefined);
  }
}
