import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import type { Outcome } from '../calls/domain/call.js';
import { rfc3339 } from '../calls/domain/call-view.js';
import { CLOCK, type Clock } from '../time/clock.js';
import { OPERATOR_POOL } from '../database/pools.js';
import { Presence } from '../presence/presence.js';
import { Failure } from '../errors/api-error.js';
import { OUTCOME } from '../calls/call-state.sql.js';
import { patientQuery } from './long-query.js';

export const A_DAY_MS = 86_400_000;
const LONGEST_DAYS = 31;
/** The chart has at most this many points. */
const POINTS = 120;
/** Where one bar of the spread ends and the next begins; the last one has no end. */
const RING_EDGES_MS = [50, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000, 15_000];
const STEPS_S = [60, 300, 900, 3_600, 10_800, 43_200];

export interface PushCount {
  result: 'accepted' | 'rejected' | 'retried' | 'environment-corrected' | 'token-retired';
  provider: 'apns' | 'fcm';
  /** Of APNs; null for FCM. */
  environment: string | null;
  status: number | null;
  reason: string | null;
  count: number;
}

/** The calls that began in a span of time, the pushes for them, and the sockets of this moment. */
export interface OverviewFigures {
  from: string;
  to: string;
  calls: { total: number; live: number; stepSeconds: number; series: { at: string; calls: number }[] };
  /** From `CallInitiated` to the first `CallRinging`; null when no call rang. `spread`: how many took up to so long. */
  timeToRing: {
    measured: number;
    medianMs: number | null;
    p99Ms: number | null;
    spread: { uptoMs: number | null; calls: number }[];
  };
  outcomes: { outcome: Outcome; calls: number }[];
  pushes: PushCount[];
  sockets: { node: number; cluster: number; nodes: number };
}

export class Overview extends Query<OverviewFigures> {
  /** Milliseconds since the epoch; the last day when not given. */
  constructor(
    readonly from?: number,
    readonly to?: number,
  ) {
    super();
  }
}

@QueryHandler(Overview)
export class OverviewHandler implements IQueryHandler<Overview> {
  /** Who asks for the same while it is being counted gets the same: many open pages cost as much as one. */
  private readonly counting = new Map<string, Promise<OverviewFigures>>();

  constructor(
    @Inject(OPERATOR_POOL) private readonly pool: Pool,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly presence: Presence,
  ) {}

  execute({ from, to }: Overview): Promise<OverviewFigures> {
    const key = `${from} ${to}`;
    const counting = this.counting.get(key) ?? this.count(from, to).finally(() => this.counting.delete(key));
    this.counting.set(key, counting);
    return counting;
  }

  private async count(asked?: number, until?: number): Promise<OverviewFigures> {
    const to = until ?? this.clock.now();
    const from = asked ?? to - A_DAY_MS;
    if (from >= to) throw Failure.invalid({ path: 'from', message: 'must be before to' });
    if (to - from > LONGEST_DAYS * A_DAY_MS)
      throw Failure.invalid({ path: 'from', message: `must be at most ${LONGEST_DAYS} days before to` });
    const stepMs = 1_000 * (STEPS_S.find((step) => (to - from) / 1_000 / step <= POINTS) ?? 43_200);
    const [calls, pushes, sockets] = await Promise.all([
      patientQuery<CallsRow>(this.pool, CALLS, [new Date(from), new Date(to), stepMs, RING_EDGES_MS]),
      patientQuery<PushCount>(this.pool, PUSHES, [new Date(from), new Date(to)]),
      this.presence.liveSockets(),
    ]);
    const row = calls[0]!;
    const outcomes = Object.entries(row.outcomes ?? {}) as [Outcome | 'live', number][];
    const begun = new Map(Object.entries(row.series ?? {}).map(([at, count]) => [Number(at), count]));
    const first = Math.floor(from / stepMs) * stepMs;
    const steps = Array.from({ length: Math.ceil((to - first) / stepMs) }, (_, nr) => first + nr * stepMs);
    return {
      ...{ from: rfc3339(from), to: rfc3339(to) },
      calls: {
        total: outcomes.reduce((sum, [, count]) => sum + count, 0),
        live: row.outcomes?.live ?? 0,
        stepSeconds: stepMs / 1_000,
        series: steps.map((at) => ({ at: rfc3339(at), calls: begun.get(at) ?? 0 })),
      },
      timeToRing: {
        ...{ measured: row.rang, medianMs: rounded(row.median), p99Ms: rounded(row.p99) },
        spread: [...RING_EDGES_MS, null].map((uptoMs, nr) => ({ uptoMs, calls: row.spread?.[nr] ?? 0 })),
      },
      outcomes: OUTCOMES.map((outcome) => ({ outcome, calls: row.outcomes?.[outcome] ?? 0 })),
      ...{ pushes, sockets },
    };
  }
}

const OUTCOMES = ['completed', 'declined', 'busy', 'cancelled', 'missed', 'failed'] as const;

const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));

interface CallsRow {
  rang: number;
  median: number | null;
  p99: number | null;
  spread: Record<string, number> | null;
  outcomes: Partial<Record<Outcome | 'live', number>> | null;
  series: Record<string, number> | null;
}

/** A row per call from two looks at its own short stream: the work grows with the calls asked for, not with the table. */
const CALLS = `
with calls as materialized (
  select begun.at as begun, coalesce(${OUTCOME}, 'live') as outcome,
         extract(epoch from (
           select min(at) from events e where e.stream_id = begun.stream_id and type = 'CallRinging') - begun.at) * 1000 as ring_ms
    from events begun
   where begun.type = 'CallInitiated' and begun.at >= $1 and begun.at < $2)
select count(ring_ms)::int as rang,
       (percentile_cont(0.5) within group (order by ring_ms))::float8 as median,
       (percentile_cont(0.99) within group (order by ring_ms))::float8 as p99,
       (select json_object_agg(bar, n) from (
          select width_bucket(ring_ms::float8, $4::float8[]) as bar, count(*) as n from calls
           where ring_ms is not null group by 1) r) as spread,
       (select json_object_agg(outcome, n) from (select outcome, count(*) as n from calls group by outcome) o) as outcomes,
       (select json_object_agg(step, n) from (
          select floor(extract(epoch from begun) * 1000 / $3::bigint)::bigint * $3::bigint as step, count(*) as n
            from calls group by 1) s) as series
  from calls`;

/**
 * What the first of two APNs environments answered stands in the event about the second one. Calls of before 0.1.1 hold no such
 * answer: that there was one follows from the healing, from a retry, or from the second one's refusal. `offset 0` keeps PostgreSQL from reading every push there is for a few calls.
 */
const PUSHES = `
select case push.type when 'PushAccepted' then 'accepted' when 'PushRejected' then 'rejected'
                      when 'PushRetried' then 'retried' when 'DevicePushTokenRetired' then 'token-retired'
                      else 'environment-corrected' end as result,
       coalesce(push.data ->> 'provider', 'apns') as provider,
       coalesce(push.data ->> 'environment', push.data ->> 'to') as environment,
       (push.data ->> 'status')::int as status, push.data ->> 'reason' as reason, count(*)::int as count
  from events begun cross join lateral (
    with wake as materialized (
      select type, data, data ->> 'deviceId' as device from events e
       where e.stream_id = 'wake-' || substr(begun.stream_id, 6)
         and type in ('WakeRequested', 'PushAccepted', 'PushRejected', 'PushRetried',
                      'DeviceApnsEnvironmentCorrected', 'DevicePushTokenRetired')
      offset 0)
    select type, data from wake where type <> 'WakeRequested'
    union all
    select 'PushRejected', '{"provider": "apns"}' || (data -> 'refusedBefore') from wake where data ? 'refusedBefore'
    union all
    select 'PushRejected', jsonb_build_object('provider', 'apns', 'environment', stranger, 'status', 400,
                                              'reason', 'BadDeviceToken')
      from (
        select device, data ->> 'from' as stranger from wake where type = 'DeviceApnsEnvironmentCorrected'
        union select device, data ->> 'refusedIn' from wake where data ->> 'refusedIn' is not null
        union select refused.device, asked.data ->> 'environment'
          from wake refused join wake asked on asked.device = refused.device and asked.data ->> 'channel' = 'push'
         where refused.data ->> 'reason' = 'BadDeviceToken' and refused.type = 'PushRejected'
           and refused.data ->> 'environment' <> asked.data ->> 'environment') unknown
     where not exists (select from wake known where known.device = unknown.device
                          and known.data #>> '{refusedBefore,environment}' = unknown.stranger)) push
 where begun.type = 'CallInitiated' and begun.at >= $1 and begun.at < $2
 group by 1, 2, 3, 4, 5 order by count desc, 1, 2, 3, 4, 5`;
