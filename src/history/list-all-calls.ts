import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import type { Outcome } from '../calls/domain/call.js';
import { type CallView, viewOf } from '../calls/domain/call-view.js';
import { CLOCK, type Clock } from '../time/clock.js';
import { OPERATOR_POOL } from '../database/pools.js';
import { OUTCOME, STATE } from '../calls/call-state.sql.js';
import {
  HISTORY_OF_BEGUN,
  type HistoryRow,
  cursorAfter,
  decodeCursor,
  foldRow,
  positionOf,
} from './list-calls.js';
import { A_DAY_MS } from './overview.js';
import { patientQuery } from './long-query.js';

export interface AllCallsFilters {
  /** Caller or callee. */
  user?: string;
  outcome?: Outcome;
  state?: CallView['state'];
  /** Calls that began at this instant or later, in milliseconds since the epoch; a day before `to` when not given. */
  from?: number;
  /** Calls that began before this instant; now when not given. */
  to?: number;
  cursor?: string;
  limit: number;
}

export interface AllCallsPage {
  items: CallView[];
  nextCursor: string | null;
}

/** Everybody's calls, newest first: for operators. */
export class ListAllCalls extends Query<AllCallsPage> {
  constructor(readonly filters: AllCallsFilters) {
    super();
  }
}

@QueryHandler(ListAllCalls)
export class ListAllCallsHandler implements IQueryHandler<ListAllCalls> {
  constructor(
    @Inject(OPERATOR_POOL) private readonly pool: Pool,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ filters }: ListAllCalls): Promise<AllCallsPage> {
    const { text, values } = listing(filters, this.clock.now());
    const rows = await patientQuery<Row>(this.pool, text, values);
    const page = rows.slice(0, filters.limit).map(({ history }) => foldRow(history));
    return { items: page.map(viewOf), nextCursor: rows.length > page.length ? cursorAfter(page) : null };
  }
}

interface Row {
  history: HistoryRow[];
}

const CALLER = `data #>> '{caller,userId}'`;
const CALLEE = `data #>> '{callee,userId}'`;

/** Only the conditions that were asked for, so that PostgreSQL plans for just these. */
function listing({ user, outcome, state, from, to, cursor, limit }: AllCallsFilters, now: number) {
  const values: unknown[] = [];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [`type = 'CallInitiated'`];
  if (to !== undefined) conditions.push(`at < ${given(new Date(to))}`);
  conditions.push(`at >= ${given(new Date(from ?? (to ?? now) - A_DAY_MS))}`);
  if (cursor !== undefined) {
    const { at, callId } = decodeCursor(cursor);
    conditions.push(`(at, position) < (${given(new Date(at))}, ${positionOf(given(callId))})`);
  }
  if (state !== undefined) conditions.push(`${STATE} = ${given(state)}`);
  if (outcome !== undefined) conditions.push(`${OUTCOME} = ${given(outcome)}`);
  const size = given(limit + 1);
  const calls = (whose: string): string => `(
    select stream_id, at, position from events begun
     where ${[...conditions, whose].join(' and ')}
     order by at desc, position desc limit ${size})`;
  const person = user === undefined ? null : given(user);
  const sides =
    person === null
      ? calls('true')
      : `${calls(`${CALLER} = ${person}`)} union all ${calls(`${CALLEE} = ${person}`)}`;
  const text = `
    select stream.history
      from (select * from (${sides}) sides order by at desc, position desc limit ${size}) begun
      cross join ${HISTORY_OF_BEGUN}
     order by begun.at desc, begun.position desc`;
  return { text, values };
}
