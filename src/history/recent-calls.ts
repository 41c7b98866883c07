import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import type { ExistingCall } from '../calls/domain/call.js';
import { READ_POOL } from '../database/pools.js';
import { Batch } from '../database/batch.js';
import { Log } from '../operations/log.js';
import { ENDS } from './fate.js';
import { HISTORY_OF_BEGUN, type HistoryRow, foldRow } from './list-calls.js';

const JUST_ENDED_MS = 120_000;
/** Longer than the longest call plus its ring, by contract a week and three minutes. */
const LONGEST = '8 days';

/** The user's live calls and those that ended in the last two minutes, oldest first: what a device needs to be right again. */
export class RecentCalls extends Query<ExistingCall[]> {
  constructor(readonly userId: string) {
    super();
  }
}

@QueryHandler(RecentCalls)
export class RecentCallsHandler implements IQueryHandler<RecentCalls> {
  /** When thousands reconnect at once, they share statements. */
  private readonly reads: Batch<string, ExistingCall[]>;

  constructor(
    @Inject(READ_POOL) pool: Pool,
    private readonly log: Log,
  ) {
    this.reads = new Batch({ size: 200, concurrency: 2 }, async (userIds) => {
      const { rows } = await pool.query<{ user_id: string; history: HistoryRow[] }>({
        ...{ name: 'recent_calls', text: RECENT_CALLS, values: [[...new Set(userIds)], JUST_ENDED_MS] },
      });
      return userIds.map((userId) =>
        rows.filter((row) => row.user_id === userId).flatMap(({ history }) => this.fold(userId, history)),
      );
    });
  }

  /** A call that cannot be read must not keep its users, and those who share the statement, from connecting. */
  private fold(userId: string, history: HistoryRow[]): ExistingCall[] {
    try {
      return [foldRow(history)];
    } catch (error) {
      this.log.error('a call cannot be read and is left out', { userId, error });
      return [];
    }
  }

  execute({ userId }: RecentCalls): Promise<ExistingCall[]> {
    return this.reads.add(userId);
  }
}

const side = (mine: 'caller' | 'callee'): string => `
  select data #>> '{${mine},userId}' as user_id, stream_id, at, position from events
   where type = 'CallInitiated' and data #>> '{${mine},userId}' = any($1)
     and at > statement_timestamp() - interval '${LONGEST}'`;

/**
 * The statement's own time may bound an index scan: with the clock's, which moves on while it runs, every connect would
 * read all the calls its user ever had. In the NOT EXISTS, though, it keeps PostgreSQL from joining with all the ends
 * there are: that is for a few calls, each in its own short stream.
 */
export const RECENT_CALLS = `
select begun.user_id, stream.history from (${side('caller')} union all ${side('callee')}) begun
  cross join ${HISTORY_OF_BEGUN}
 where not exists (
   select from events over where over.stream_id = begun.stream_id
      and over.type in ${ENDS}
      and over.at < clock_timestamp() - $2::int * interval '1 millisecond')
 order by begun.at, begun.position`;
