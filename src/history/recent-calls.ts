import { Inject, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import type { ExistingCall } from '../calls/domain/call.js';
import { Batch } from '../concurrency/batch.js';
import { CONTROL_POOL, READ_POOL } from '../database/pools.js';
import { Log } from '../log/log.js';
import { HISTORY_OF_BEGUN, type HistoryRow, foldRow } from './list-calls.js';

const JUST_ENDED_MS = 120_000;
const SWEEP_MS = 30_000;
/** Rows per statement: some milliseconds. */
const SWEPT_AT_ONCE = 5_000;

/** The user's live calls and those that ended in the last two minutes, oldest first: what a device needs to be right again. */
export class RecentCalls extends Query<ExistingCall[]> {
  constructor(readonly userId: string) {
    super();
  }
}

/** What it costs grows with the calls that live, not with those that were ever recorded. */
@QueryHandler(RecentCalls)
export class RecentCallsHandler
  implements IQueryHandler<RecentCalls>, OnApplicationBootstrap, OnModuleDestroy
{
  /** When thousands reconnect at once, they share statements. */
  private readonly reads: Batch<string, ExistingCall[]>;
  private sweeping: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    @Inject(READ_POOL) private readonly pool: Pool,
    @Inject(CONTROL_POOL) private readonly control: Pool,
    private readonly log: Log,
  ) {
    this.reads = new Batch({ size: 200, concurrency: 2 }, (userIds) => this.read(userIds));
  }

  onApplicationBootstrap(): void {
    this.sweeping = setInterval(() => void this.sweep(), SWEEP_MS).unref();
  }

  onModuleDestroy(): void {
    if (this.sweeping) clearInterval(this.sweeping);
    this.stopped = true;
  }

  /** Users share statements, not their fate: after one that failed each is asked for alone. */
  async execute({ userId }: RecentCalls): Promise<ExistingCall[]> {
    return this.reads.add(userId).catch(async () => (await this.read([userId]))[0]!);
  }

  private async read(userIds: string[]): Promise<ExistingCall[][]> {
    const { rows } = await this.pool.query<{ user_id: string; history: HistoryRow[] }>({
      name: 'recent_calls',
      text: RECENT_CALLS,
      values: [[...new Set(userIds)], JUST_ENDED_MS],
    });
    const calls = new Map<string, ExistingCall[]>();
    for (const { user_id, history } of rows)
      calls.set(user_id, [...(calls.get(user_id) ?? []), ...this.fold(user_id, history)]);
    for (const list of calls.values()) list.sort((a, b) => a.initiatedAt - b.initiatedAt);
    return userIds.map((userId) => calls.get(userId) ?? []);
  }

  /** A call that cannot be read must not keep its users, and those who share the statement, from connecting. */
  private fold(userId: string, history: HistoryRow[] | null): ExistingCall[] {
    try {
      return history === null ? [] : [foldRow(history)];
    } catch (error) {
      this.log.error('a call cannot be read and is left out', { userId, error });
      return [];
    }
  }

  /** Removes what nobody needs any more. */
  async sweep(): Promise<void> {
    try {
      while (!this.stopped && (await this.sweepSome()) === SWEPT_AT_ONCE);
    } catch (error) {
      this.log.warn('calls that are over could not be swept', { error });
    }
  }

  /** @returns how many rows are gone */
  private async sweepSome(): Promise<number> {
    const { rowCount } = await this.control.query({
      name: 'sweep_recent_calls',
      text: SWEEP,
      values: [JUST_ENDED_MS, SWEPT_AT_ONCE],
    });
    return rowCount ?? 0;
  }
}

const side = (mine: 'caller' | 'callee'): string => `
  select ${mine} as user_id, stream_id from recent_calls
   where ${mine} = any($1) and (ended_at is null or ended_at > clock_timestamp() - $2::int * interval '1 millisecond')`;

export const RECENT_CALLS = `
select begun.user_id, stream.history from (${side('caller')} union all ${side('callee')}) begun
  cross join ${HISTORY_OF_BEGUN}`;

const SWEEP = `
delete from recent_calls where stream_id in (
  select stream_id from recent_calls
   where ended_at < clock_timestamp() - $1::int * interval '1 millisecond'
   limit $2 for update skip locked)`;
