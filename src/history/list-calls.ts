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
import { CLOCK, type Clock } from '../time/clock.js';
import { LIST_POOL } from '../database/pools.js';
import { keyOf, opened } from '../event-store/crypto-shredding.js';
import { Failure } from '../errors/api-error.js';
import { type CallRecord, recordOf } from './call-record.js';
import { OUTCOME } from '../calls/call-state.sql.js';

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

/** Calls that one request looks at for a page with a filter; those it finds are the page. */
const LOOKED_AT = 1_000;

/**
 * The history is a query over the events: a user's calls are the `CallInitiated` events that name them (two partial
 * indexes), each folded from its own short stream. There is no second copy to lag behind or to rebuild. A user who was
 * erased begins anew: their list holds what came after.
 *
 * What a page costs does not grow with the history: with a filter (`with`, `media`, `outcome`) one request looks at so many
 * calls at most. A page that is not full by then is given out as it is, and its cursor goes on behind the last call looked at.
 * Lists have connections of their own.
 */
@QueryHandler(ListCalls)
export class ListCallsHandler implements IQueryHandler<ListCalls> {
  constructor(
    @Inject(LIST_POOL) private readonly pool: Pool,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ userId, filters }: ListCalls): Promise<CallPage> {
    const after = filters.cursor === undefined ? null : decodeCursor(filters.cursor);
    const { direction = null, with: peer = null, media = null, outcome = null, limit } = filters;
    const filtered = peer !== null || media !== null || outcome !== null;
    const lookAt = filtered ? LOOKED_AT : limit + 1;
    const { rows } = await this.pool.query<Row>({
      name: 'list_calls',
      text: LIST,
      values: [
        userId,
        direction,
        peer,
        media,
        outcome,
        instant(filters.from),
        instant(filters.to),
        after && instant(after.at),
        after?.callId ?? null,
        limit + 1,
        lookAt,
      ],
    });
    const { histories, looked, last } = rows[0]!;
    const found = (histories ?? []).map(foldRow);
    const page = found.slice(0, limit);
    const now = this.clock.now();
    const items = page.map((call) => recordOf(call, userId, now));
    if (found.length > limit) return { items, nextCursor: cursorAfter(page) };
    return { items, nextCursor: looked === lookAt && filtered && last ? cursorAt(last) : null };
  }
}

interface Row {
  /** The streams of the calls found, newest first; null when there are none. */
  histories: HistoryRow[][] | null;
  /** How many calls were looked at, and the last of them. */
  looked: number;
  last: { at: number; callId: string } | null;
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
  select stream_id, at, position, data ->> 'media' as media, data #>> '{${other},userId}' as peer from events
   where type = 'CallInitiated' and data #>> '{${mine},userId}' = $1
     and ($2::text is null or $2 = '${direction}')
     and ($6::timestamptz is null or at >= $6)
     and ($7::timestamptz is null or at < $7)
     and ($8::timestamptz is null or (at, position) < ($8, ${positionOf('$9')}))
     and at > (select coalesce(max(at), '-infinity') from events e where e.stream_id = 'user-' || $1)
   order by at desc, position desc limit $11)`;

const LIST = `
with looked as materialized (
  select * from (${side('caller', 'callee', 'outgoing')} union all ${side('callee', 'caller', 'incoming')}) sides
   order by at desc, position desc limit $11),
found as materialized (
  select stream_id, at, position from looked begun
   where ($3::text is null or peer = $3)
     and ($4::text is null or media = $4)
     and ($5::text is null or ${OUTCOME} = $5)
   order by at desc, position desc limit $10)
select (select json_agg(stream.history order by begun.at desc, begun.position desc)
          from found begun cross join ${HISTORY_OF_BEGUN}) as histories,
       (select count(*)::int from looked) as looked,
       (select json_build_object('at', (extract(epoch from at) * 1000)::bigint, 'callId', substr(stream_id, 6))
          from looked order by at, position limit 1) as last`;

const instant = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

/** Names the last call of a page. Its position stays here: it counts the events of everybody. */
export const cursorAfter = (page: readonly ExistingCall[]): string | null => {
  const last = page.at(-1);
  return last ? cursorAt({ at: last.initiatedAt, callId: last.callId }) : null;
};

const cursorAt = ({ at, callId }: { at: number; callId: string }): string =>
  Buffer.from(`${at}.${callId}`).toString('base64url');

export function decodeCursor(cursor: string): { at: number; callId: string } {
  const match = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) throw Failure.invalid({ path: 'cursor', message: 'is not a cursor that this list gave out' });
  return { at: Number(match[1]), callId: match[2]! };
}
