/**
 * `append_events` as it is now. Whoever changes it adds a migration that installs it anew, as the eighth does.
 *
 * It takes a batch of appends to different streams in one autocommit statement, so they share one commit. It never raises
 * on a conflict: losers are reported and hurt nobody else in the batch.
 *
 * Takes lists of flat records, null when there are none; `stream` names the append a record belongs to, hence a stream
 * comes once per batch. `first_events` has each append's first event, `more_events` the rest with their versions.
 * Returns the moment of recording in milliseconds since the epoch, and the appends that lost (null: nobody did).
 *
 * Its plans are made once and look rows up by index, whatever the size of the tables was then: planning for every call
 * took longer than the rest, and a plan made for empty tables reads all of a full one. Hence also no EXISTS below an
 * OR, which PostgreSQL answers from a hash of the whole table.
 *
 * JIT is off: up to PostgreSQL 17 a plan type that is switched off adds 10^10 to a plan's cost, which is above
 * jit_above_cost, so a plan that cannot do without it was compiled anew for each append that lost (180 to 240 ms instead of
 * 1.1, PostgreSQL 15). Nor is there such a plan any more: nothing is joined but by nested loops.
 */
export const APPEND_EVENTS = `
create or replace function append_events(
  first_events jsonb, more_events jsonb, claimed jsonb, released jsonb, new_jobs jsonb, cancelled jsonb,
  out at double precision, out lost jsonb
) language plpgsql
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  moment timestamptz;
  held jsonb := '{}';
  losers text[] := '{}';
  with_events text[] := '{}';
  recorded int := 0;
begin
  -- Who wants the same key takes turns. Everybody locks in the same order and before any row, so that batches cannot
  -- deadlock. Giving a key back needs no turn.
  if claimed is not null then
    perform pg_advisory_xact_lock(k) from (
      select distinct hashtextextended(c.key, 0) as k from jsonb_to_recordset(claimed) c(key text) order by 1) locks;
  end if;
  moment := date_trunc('milliseconds', clock_timestamp());
  at := extract(epoch from moment) * 1000;

  if claimed is not null then
    select coalesce(jsonb_object_agg(d.stream, d.loss), '{}') into held
      from (
        select distinct on (asked.stream) asked.stream,
               jsonb_build_object('stream', asked.stream, 'status', 'held', 'key', claims.key, 'by', claims.stream_id) as loss
          from rows from (jsonb_to_recordset(claimed) as (stream text, key text, owner text))
               with ordinality asked(stream, key, owner, rank)
          join claims on claims.key = asked.key
         where claims.stream_id <> asked.stream
           and (asked.owner is null or (asked.owner <> '*' and claims.owner is distinct from asked.owner))
           and (claims.expires_at is null or claims.expires_at > moment)
         order by asked.stream, asked.rank) d;
  end if;

  -- The version before and a repeated command are looked for by the statement that inserts, hence in one snapshot: who
  -- sees the version it builds on also sees every command before it. A first event needs no look: it is unique.
  if first_events is not null then
    insert into events (stream_id, version, type, data, actor, command_id, at)
    select a.stream, a.expected + 1, a.type, a.data, a.actor, a.command, moment
      from jsonb_to_recordset(first_events)
           a(stream text, expected int, type text, data jsonb, actor jsonb, command uuid)
     where not held ? a.stream
       and (a.expected = 0 or (
             (select true from events e where e.stream_id = a.stream and e.version = a.expected)
             and (select true from events e where e.stream_id = a.stream and e.command_id = a.command limit 1) is null))
     order by a.stream
    on conflict (stream_id, version) do nothing;
    get diagnostics recorded = row_count;
  end if;

  if held <> '{}' or recorded < jsonb_array_length(first_events) then
    select coalesce(array_agg(a.stream), '{}') into with_events from jsonb_to_recordset(first_events) a(stream text);
    select coalesce(array_agg(l.stream), '{}'), jsonb_agg(case
             when (select true from events e where e.stream_id = l.stream and e.command_id = l.command limit 1)
             then jsonb_build_object('stream', l.stream, 'status', 'duplicate')
             -- A version that is over is told before a claim that is held.
             when (select true from events e where e.stream_id = l.stream and e.version = l.expected + 1)
             then jsonb_build_object('stream', l.stream, 'status', 'conflict')
             else coalesce(held -> l.stream, jsonb_build_object('stream', l.stream, 'status', 'conflict')) end)
      into losers, lost
      from (select a.stream, a.command, a.expected
              from jsonb_to_recordset(first_events) a(stream text, expected int, command uuid)
             where not exists (
                    select from events e
                     where e.stream_id = a.stream and e.version = a.expected + 1 and e.command_id = a.command
                       and e.transaction_id = pg_current_xact_id() and e.at = moment)
             union all
            -- An append without events, which only holds claims.
            select h.stream, null, null from jsonb_object_keys(held) h(stream)
             where h.stream <> all(with_events)) l;
  end if;

  if more_events is not null then
    insert into events (stream_id, version, type, data, actor, command_id, at)
    select e.stream, e.version, e.type, e.data, e.actor, e.command, moment
      from jsonb_to_recordset(more_events)
           e(stream text, version int, type text, data jsonb, actor jsonb, command uuid)
     where e.stream <> all(losers)
     order by e.stream, e.version;
  end if;
  if released is not null then
    delete from claims using jsonb_to_recordset(released) r(stream text, key text)
     where claims.key = r.key and claims.stream_id = r.stream and r.stream <> all(losers);
  end if;
  if claimed is not null then
    insert into claims (key, stream_id, owner, expires_at)
    select c.key, c.stream, c.owner, moment + c.ttl_ms * interval '1 millisecond'
      from jsonb_to_recordset(claimed) c(stream text, key text, owner text, kept boolean, ttl_ms bigint)
     where c.kept and c.stream <> all(losers)
    on conflict (key, stream_id) do update set owner = excluded.owner, expires_at = excluded.expires_at;
  end if;
  if cancelled is not null then
    delete from jobs using (
      select c.key from jsonb_to_recordset(cancelled) c(stream text, key text) where c.stream <> all(losers) order by 1) c
     where jobs.key = c.key;
  end if;
  if new_jobs is not null then
    insert into jobs (key, kind, stream_id, payload, due_at, lease_until)
    select j.key, j.kind, j.stream, j.payload, moment + j.due_ms * interval '1 millisecond',
           moment + j.lease_ms * interval '1 millisecond'
      from jsonb_to_recordset(new_jobs)
           j(stream text, key text, kind text, payload jsonb, due_ms bigint, lease_ms bigint)
     where j.stream <> all(losers)
     order by j.key
    on conflict (key) do nothing;
  end if;
end $$;`;
