import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import {
  type CallEvent,
  type ExistingCall,
  type Media,
  type Outcome,
  type Recorded,
  callOf,
} from '../calls/domain/call.js';
import { CLOCK, type Clock } from '../clock.js';
import { READ_POOL } from '../database/pools.js';
import { keyOf, opened } from '../event-store/personal-data.js';
import { Failure } from '../failure.js';
import { type CallRecord, recordOf } from './call-record.js';
import { OUTCOME } from './fate.js';

export interface CallFilters {
  with?: string;
  media?: Media;
  direction?: 'incoming' | 'outgoing';
  outcome?: Outcome;
  /** Calls that began at this instant or later, in milliseconds since the epoch. */
  from?: number;
  /** Calls that began before this instant. */
  to?: number;
  cursor?: string;
  limit: number;
}

export interface CallPage {
  items: CallRecord[];
  nextCursor: string | null;
}

export class ListCalls extends Query<CallPage> {
  constructor(
    readonly userId: string,
    readonly filters: CallFilters,
  ) {
    super();
  }
}

/**
 * The history is a query over the events: a user's calls are the `CallInitiated` events that name them (two partial
 * indexes), each folded from its own short stream. There is no second copy to lag behind or to rebuild. A user who was
 * erased begins anew: their list holds what came after.
 */
@QueryHandler(ListCalls)
export class ListCallsHandler implements IQueryHandler<ListCalls> {
  constructor(
    @Inject(READ_POOL) private readonly pool: Pool,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ userId, filters }: ListCalls): Promise<CallPage> {
    const after = filters.cursor === undefined ? null : decodeCursor(filters.cursor);
    const { rows } = await this.pool.query<Row>({
      ...{ name: 'list_calls', text: LIST },
      values: [
        ...[
          userId,
          filters.direction ?? null,
          filters.with ?? null,
          filters.media ?? null,
          filters.outcome ?? null,
        ],
        ...[instant(filters.from), instant(filters.to), after && instant(after.at), after?.callId ?? null],
        filters.limit + 1,
      ],
    });
    const page = rows.slice(0, filters.limit).map(({ history }) => foldRow(history));
    const now = this.clock.now();
    return {
      items: page.map((call) => recordOf(call, userId, now)),
      nextCursor: rows.length > page.length ? cursorAfter(page) : null,
    };
  }
}

interface Row {
  history: HistoryRow[];
}

/** A stream as PostgreSQL hands it over in one value. */
export type HistoryRow = { type: string; data: object; key: string | null; at: number };

export const foldRow = (history: readonly HistoryRow[]): ExistingCall => {
  const events = history.map(({ key, ...event }) => ({ ...event, data: opened(event.data, key) }));
  return callOf(events as readonly Recorded<CallEvent>[]) as ExistingCall;
};

/** A whole stream as one JSON value, with `at` in milliseconds; for a lateral join beside its first event `begun`. */
export const HISTORY_OF_BEGUN = `lateral (
  select json_agg(json_build_object('type', e.type, 'data', e.data, 'key', ${keyOf('e')},
                                    'at', (extract(epoch from e.at) * 1000)::bigint) order by e.version) as history
    from events e where e.stream_id = begun.stream_id) stream`;

/** Where a call began in the global order; before everything when it is gone. */
export const positionOf = (callId: string): string =>
  `coalesce((select position from events where stream_id = 'call-' || ${callId} and version = 1), 0)`;

const side = (mine: 'caller' | 'callee', other: 'caller' | 'callee', direction: string): string => `(
  select stream_id, at, position from events begun
   where type = 'CallInitiated' and data #>> '{${mine},userId}' = $1
     and ($2::text is null or $2 = '${direction}')
     and ($3::text is null or data #>> '{${other},userId}' = $3)
     and ($4::text is null or data ->> 'media' = $4)
     and ($6::timestamptz is null or at >= $6)
     and ($7::timestamptz is null or at < $7)
     and ($8::timestamptz is null or (at, position) < ($8, ${positionOf('$9')}))
     and at > (select coalesce(max(at), '-infinity') from events e where e.stream_id = 'user-' || $1)
     and ($5::text is null or ${OUTCOME} = $5)
   order by at desc, position desc limit $10)`;

const LIST = `
select stream.history
  from (select * from (${side('caller', 'callee', 'outgoing')} union all ${side('callee', 'caller', 'incoming')}) sides
         order by at desc, position desc limit $10) begun
  cross join ${HISTORY_OF_BEGUN}
 order by begun.at desc, begun.position desc`;

const instant = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

/** Names the last call of a page. Its position stays here: it counts the events of everybody. */
export const cursorAfter = (page: readonly ExistingCall[]): string | null => {
  const last = page.at(-1);
  return last ? Buffer.from(`${last.initiatedAt}.${last.callId}`).toString('base64url') : null;
};

export function decodeCursor(cursor: string): { at: number; callId: string } {
  const match = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) throw Failure.invalid({ path: 'cursor', message: 'is not a cursor that this list gave out' });
  return { at: Number(match[1]), callId: match[2]! };
}
