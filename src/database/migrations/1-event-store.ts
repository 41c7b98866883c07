import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Events, claims, jobs and checkpoints, and the one function that appends.
 *
 * `append_events` takes a batch of appends to different streams in one autocommit statement, so they share one
 * commit. It never raises on a conflict: losers are reported and hurt nobody else in the batch.
 */
export class EventStore1700000000001 implements MigrationInterface {
  name = 'EventStore1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(APPEND);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function append_events;
      drop table checkpoints, jobs, claims, events;
      drop function refuse_change;`);
  }
}

const TABLES = `
create table events (
  stream_id      text not null,
  version        int not null check (version > 0),
  position       bigint generated always as identity,
  -- Global order is (transaction_id, position) below pg_snapshot_xmin: positions alone commit out of order.
  transaction_id xid8 not null default pg_current_xact_id(),
  type           text not null,
  data           jsonb not null,
  actor          jsonb,
  command_id     uuid not null,
  at             timestamptz(3) not null,
  primary key (stream_id, version)
);
create index events_global_order on events (transaction_id, position);
create index events_calls_of_caller on events ((data #>> '{caller,userId}'), at desc, position desc)
  where type = 'CallInitiated';
create index events_calls_of_callee on events ((data #>> '{callee,userId}'), at desc, position desc)
  where type = 'CallInitiated';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'events are for ever: % on % is refused', tg_op, tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger events_are_for_ever before update or delete or truncate on events
  for each statement execute function refuse_change();

-- What must be unique across streams: a key one owner holds for a stream, from one append to another.
create table claims (
  key        text not null,
  stream_id  text not null,
  owner      text,
  expires_at timestamptz(3),
  primary key (key, stream_id)
);
create index claims_to_expire on claims (expires_at) where expires_at is not null;

-- What an event obliges us to do, committed with it.
create table jobs (
  key         text primary key,
  kind        text not null,
  stream_id   text not null,
  payload     jsonb not null,
  due_at      timestamptz(3) not null,
  lease_until timestamptz(3),
  epoch       int not null default 0,
  attempts    int not null default 0
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index jobs_by_due on jobs (due_at);

create table checkpoints (
  name           text primary key,
  transaction_id xid8 not null default '0',
  position       bigint not null default 0,
  epoch          int not null default 0,
  lease_until    timestamptz(3)
);`;

/** Arrays named `<thing>_of` hold the ordinal (from 1) of the append a row belongs to. */
const APPEND = `
create function append_events(
  stream_ids text[], expected int[], command_ids uuid[], actors jsonb[],
  event_of int[], event_nr int[], event_type text[], event_data jsonb[],
  claim_of int[], claim_key text[], claim_owner text[], claim_kept boolean[], claim_ttl_ms int[],
  release_of int[], release_key text[],
  job_of int[], job_key text[], job_kind text[], job_payload jsonb[], job_due_ms bigint[], job_lease_ms int[],
  cancel_of int[], cancel_key text[]
) returns table (ordinal int, status text, at timestamptz, held_key text, held_by text)
language plpgsql as $$
declare
  moment timestamptz;
  held int[] := '{}';
  keys text[] := '{}';
  holders text[] := '{}';
  won int[];
begin
  -- Who wants the same key takes turns. Everybody locks in the same order and before any row, so that batches cannot
  -- deadlock. Giving a key back needs no turn.
  if cardinality(claim_key) > 0 then
    perform pg_advisory_xact_lock(k) from (
      select distinct hashtextextended(u, 0) as k from unnest(claim_key) u order by 1) locks;
  end if;
  moment := date_trunc('milliseconds', clock_timestamp());

  if cardinality(claim_key) > 0 then
    select coalesce(array_agg(d.nr), '{}'), coalesce(array_agg(d.key), '{}'), coalesce(array_agg(d.stream_id), '{}')
      into held, keys, holders
      from (
        select distinct on (asked.nr) asked.nr, claims.key, claims.stream_id
          from unnest(claim_of, claim_key, claim_owner) with ordinality asked(nr, key, owner, rank)
          join claims on claims.key = asked.key
         where claims.stream_id <> stream_ids[asked.nr]
           and (asked.owner is null or (asked.owner <> '*' and claims.owner is distinct from asked.owner))
           and (claims.expires_at is null or claims.expires_at > moment)
         order by asked.nr, asked.rank) d;
  end if;

  -- The version before and a repeated command are looked for by the statement that inserts, hence in one snapshot: who
  -- sees the version it builds on also sees every command before it. A first event needs no look: it is unique.
  -- (Scalar subqueries, because EXISTS may be planned as a hash of the whole table.)
  with first as (
    insert into events (stream_id, version, type, data, actor, command_id, at)
    select a.stream_id, a.expected + 1, e.type, e.data, a.actor, a.command_id, moment
      from unnest(stream_ids, expected, command_ids, actors) with ordinality a(stream_id, expected, command_id, actor, nr)
      join unnest(event_of, event_nr, event_type, event_data) e(append, nr, type, data) on e.append = a.nr and e.nr = 1
     where a.nr <> all(held)
       and (a.expected = 0 or (
             (select true from events e2 where e2.stream_id = a.stream_id and e2.version = a.expected)
             and (select true from events e2 where e2.stream_id = a.stream_id and e2.command_id = a.command_id limit 1) is null))
     order by a.stream_id
    on conflict (stream_id, version) do nothing
    returning events.stream_id)
  -- An append without events only holds or releases claims.
  select coalesce(array_agg(s.nr::int), '{}') into won
    from unnest(stream_ids) with ordinality s(id, nr)
   where s.id in (select first.stream_id from first) or (s.nr <> all(event_of) and s.nr <> all(held));

  if cardinality(event_of) > cardinality(stream_ids) then
    insert into events (stream_id, version, type, data, actor, command_id, at)
    select stream_ids[e.append], expected[e.append] + e.nr, e.type, e.data, actors[e.append], command_ids[e.append], moment
      from unnest(event_of, event_nr, event_type, event_data) e(append, nr, type, data)
     where e.nr > 1 and e.append = any(won)
     order by stream_ids[e.append], e.nr;
  end if;
  if cardinality(release_key) > 0 then
    delete from claims using unnest(release_of, release_key) r(nr, key)
     where r.nr = any(won) and claims.key = r.key and claims.stream_id = stream_ids[r.nr];
  end if;
  if cardinality(claim_key) > 0 then
    insert into claims (key, stream_id, owner, expires_at)
    select c.key, stream_ids[c.nr], c.owner, moment + c.ttl_ms * interval '1 millisecond'
      from unnest(claim_of, claim_key, claim_owner, claim_kept, claim_ttl_ms) c(nr, key, owner, kept, ttl_ms)
     where c.kept and c.nr = any(won)
    on conflict (key, stream_id) do update set owner = excluded.owner, expires_at = excluded.expires_at;
  end if;
  if cardinality(cancel_key) > 0 then
    delete from jobs using unnest(cancel_of, cancel_key) c(nr, key) where c.nr = any(won) and jobs.key = c.key;
  end if;
  if cardinality(job_key) > 0 then
    insert into jobs (key, kind, stream_id, payload, due_at, lease_until)
    select j.key, j.kind, stream_ids[j.nr], j.payload, moment + j.due_ms * interval '1 millisecond',
           moment + j.lease_ms * interval '1 millisecond'
      from unnest(job_of, job_key, job_kind, job_payload, job_due_ms, job_lease_ms)
           j(nr, key, kind, payload, due_ms, lease_ms)
     where j.nr = any(won)
    on conflict (key) do nothing;
  end if;

  return query
    select s.nr::int,
           case when s.nr = any(won) then 'appended'
                when (select true from events e where e.stream_id = s.id and e.command_id = command_ids[s.nr] limit 1)
                then 'duplicate'
                when s.nr = any(held) then 'held'
                else 'conflict' end,
           moment, keys[array_position(held, s.nr::int)], holders[array_position(held, s.nr::int)]
      from unnest(stream_ids) with ordinality s(id, nr);
end $$;`;
