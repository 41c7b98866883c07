-- The schema of a migrated database, for reading: the gateway makes it with its migrations when it starts.
-- Generated: npm run schema
--
-- It is what these migrations make:
--   EventStore1700000000001
--   Devices1700000000002
--   Operators1700000000003
--   Privacy1700000000004
--   ClaimsByStream1700000000005
--   CorrectedEnvironment1700000000006
--   ConflictFirst1700000000007
--   LosingIsCheap1700000000008
--   TrimmedStreams1700000000009
--   RecentCalls1700000000010
--   AcceptedTokens1700000000011
--   ErasureByKeyAlone1700000000012
--   RetentionOfInstalls1700000000013
--   EndedLongAgo1700000000014
--   TrimmedBehindSubscriptions1700000000015

-- Tables

CREATE TABLE checkpoints (
  name text NOT NULL,
  transaction_id xid8 NOT NULL DEFAULT '0'::xid8,
  "position" bigint NOT NULL DEFAULT 0,
  epoch integer NOT NULL DEFAULT 0,
  lease_until timestamp(3) with time zone,
  CONSTRAINT checkpoints_pkey PRIMARY KEY (name)
);

CREATE TABLE claims (
  key text NOT NULL,
  stream_id text NOT NULL,
  owner text,
  expires_at timestamp(3) with time zone,
  CONSTRAINT claims_pkey PRIMARY KEY (key, stream_id)
);

CREATE TABLE devices (
  user_id text NOT NULL,
  device_id text NOT NULL,
  platform text NOT NULL,
  name text,
  app_version text,
  bundle_id text,
  apns_environment text,
  project_id text,
  push_token text,
  alert_token text,
  registered_at timestamp(3) with time zone NOT NULL,
  token_updated_at timestamp(3) with time zone,
  last_seen_at timestamp(3) with time zone NOT NULL,
  corrected_from text,
  token_accepted_at timestamp with time zone,
  CONSTRAINT devices_pkey PRIMARY KEY (user_id, device_id),
  CONSTRAINT devices_apns_environment_check CHECK (apns_environment = ANY (ARRAY['sandbox'::text, 'production'::text])),
  CONSTRAINT devices_corrected_from_check CHECK (corrected_from = ANY (ARRAY['sandbox'::text, 'production'::text])),
  CONSTRAINT devices_platform_check CHECK (platform = ANY (ARRAY['ios'::text, 'android'::text, 'web'::text]))
);

CREATE TABLE events (
  stream_id text NOT NULL,
  version integer NOT NULL,
  "position" bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  type text NOT NULL,
  data jsonb NOT NULL,
  actor jsonb,
  command_id uuid NOT NULL,
  at timestamp(3) with time zone NOT NULL,
  CONSTRAINT events_pkey PRIMARY KEY (stream_id, version),
  CONSTRAINT events_version_check CHECK (version > 0)
);

CREATE TABLE jobs (
  key text NOT NULL,
  kind text NOT NULL,
  stream_id text NOT NULL,
  payload jsonb NOT NULL,
  due_at timestamp(3) with time zone NOT NULL,
  lease_until timestamp(3) with time zone,
  epoch integer NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  CONSTRAINT jobs_pkey PRIMARY KEY (key)
) WITH (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=2000);

CREATE TABLE nodes (
  node_id uuid NOT NULL,
  lease_until timestamp(3) with time zone NOT NULL,
  CONSTRAINT nodes_pkey PRIMARY KEY (node_id)
);

CREATE TABLE recent_calls (
  stream_id text NOT NULL,
  caller text NOT NULL,
  callee text NOT NULL,
  ended_at timestamp(3) with time zone,
  CONSTRAINT recent_calls_pkey PRIMARY KEY (stream_id)
) WITH (fillfactor=60, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=2000);

CREATE TABLE secrets (
  name text NOT NULL,
  value text NOT NULL,
  CONSTRAINT secrets_pkey PRIMARY KEY (name)
);

CREATE TABLE sessions (
  user_id text NOT NULL,
  device_id text NOT NULL,
  connection_id text NOT NULL,
  node_id uuid NOT NULL,
  app_state text NOT NULL,
  since timestamp(3) with time zone NOT NULL,
  CONSTRAINT sessions_pkey PRIMARY KEY (user_id, device_id)
);

CREATE TABLE user_keys (
  id uuid NOT NULL,
  user_id text NOT NULL,
  key bytea NOT NULL,
  CONSTRAINT user_keys_pkey PRIMARY KEY (id),
  CONSTRAINT user_keys_user_id_key UNIQUE (user_id)
);

-- Indexes

CREATE INDEX claims_by_stream ON claims USING btree (stream_id);

CREATE INDEX claims_to_expire ON claims USING btree (expires_at) WHERE expires_at IS NOT NULL;

CREATE UNIQUE INDEX devices_push_token ON devices USING btree (platform, push_token) WHERE push_token IS NOT NULL;

CREATE INDEX events_calls ON events USING btree (at DESC, "position" DESC) WHERE type = 'CallInitiated'::text;

CREATE INDEX events_calls_of_callee ON events USING btree ((data #>> '{callee,userId}'::text[]), at DESC, "position" DESC) WHERE type = 'CallInitiated'::text;

CREATE INDEX events_calls_of_caller ON events USING btree ((data #>> '{caller,userId}'::text[]), at DESC, "position" DESC) WHERE type = 'CallInitiated'::text;

CREATE INDEX events_global_order ON events USING btree (transaction_id, "position");

CREATE INDEX events_not_sealed ON events USING btree ((actor ->> 'userId'::text)) WHERE NOT data ? 'sealed'::text AND (type = 'CallInitiated'::text AND ((data #> '{caller,name}'::text[]) <> 'null'::jsonb OR (data -> 'metadata'::text) <> '{}'::jsonb) OR (type = ANY (ARRAY['CallRinging'::text, 'CallAnswered'::text, 'CallDeclined'::text])) AND (data -> 'name'::text) <> 'null'::jsonb);

CREATE INDEX jobs_by_due ON jobs USING btree (due_at);

CREATE INDEX recent_calls_of_callee ON recent_calls USING btree (callee);

CREATE INDEX recent_calls_of_caller ON recent_calls USING btree (caller);

CREATE INDEX sessions_by_node ON sessions USING btree (node_id);

-- Functions

CREATE OR REPLACE FUNCTION append_events(first_events jsonb, more_events jsonb, claimed jsonb, released jsonb, new_jobs jsonb, cancelled jsonb, OUT at double precision, OUT lost jsonb)
 RETURNS record
 LANGUAGE plpgsql
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION erase_user(erased text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET jit TO 'off'
AS $function$
declare
  found_any boolean;
  since timestamptz;
begin
  perform pg_advisory_xact_lock(hashtextextended('erase ' || erased, 0));
  select max(at) into since from events where stream_id = 'user-' || erased;
  select exists (select from user_keys where user_id = erased)
      or exists (select from sessions where user_id = erased)
      or exists (select from events where type = 'CallInitiated' and data #>> '{caller,userId}' = erased
                    and at > coalesce(since, '-infinity'))
      or exists (select from events where type = 'CallInitiated' and data #>> '{callee,userId}' = erased
                    and at > coalesce(since, '-infinity'))
    into found_any;
  delete from user_keys where user_id = erased;
  delete from sessions where user_id = erased;

  -- What was recorded before there were keys.
  perform set_config('ringway.forgetting', 'on', true);
  update events set data = jsonb_set(jsonb_set(data, '{caller,name}', 'null'), '{metadata}', '{}')
   where actor ->> 'userId' = erased and type = 'CallInitiated' and not data ? 'sealed'
     and (data #> '{caller,name}' <> 'null' or data -> 'metadata' <> '{}');
  update events set data = jsonb_set(data, '{name}', 'null')
   where actor ->> 'userId' = erased and type in ('CallRinging', 'CallAnswered', 'CallDeclined')
     and not data ? 'sealed' and data -> 'name' <> 'null';
  perform set_config('ringway.forgetting', 'off', true);
  return found_any;
end $function$;

CREATE OR REPLACE FUNCTION forget_calls(older_than timestamp with time zone, most integer, subscriptions text[])
 RETURNS integer
 LANGUAGE plpgsql
 SET jit TO 'off'
AS $function$
declare
  reached checkpoints%rowtype;
  passed int;
  last_transaction xid8;
  last_position bigint;
  ended text[];
  others jsonb;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('retention', 0)) then return 0; end if;
  insert into checkpoints (name) values ('retention') on conflict (name) do nothing;
  select * into reached from checkpoints where name = 'retention';

  with next as (
    select transaction_id, position, stream_id, version, type, at from events
     where (transaction_id, position) > (reached.transaction_id, reached.position)
       and transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     order by transaction_id, position limit most),
  judged as (
    select next.*, bool_and(at < older_than and not exists (
             select from unnest(subscriptions) s(name) left join checkpoints c on c.name = s.name
              where (next.transaction_id, next.position)
                  > (coalesce(c.transaction_id, '0'), coalesce(c.position, 0))))
             over (order by transaction_id, position) as may_go
      from next)
  select count(*), (array_agg(transaction_id order by transaction_id desc, position desc))[1],
         (array_agg(position order by transaction_id desc, position desc))[1],
         array_agg(substr(stream_id, 6)) filter (where stream_id like 'call-%'
           and type in ('CallDeclined', 'CallCancelled', 'CallMissed', 'CallEnded', 'CallFailed')),
         jsonb_agg(jsonb_build_object('stream', stream_id, 'below', version + (type = 'DeviceUnregistered')::int))
           filter (where stream_id like 'device-%' or stream_id like 'user-%')
    into passed, last_transaction, last_position, ended, others from judged where may_go;
  if passed = 0 then return 0; end if;

  perform set_config('ringway.forgetting', 'on', true);
  delete from events where stream_id in (
    select kind || id from unnest(ended) id, unnest('{call-,wake-}'::text[]) kind);
  delete from events using jsonb_to_recordset(others) o(stream text, below int)
   where events.stream_id = o.stream and events.version < o.below;
  perform set_config('ringway.forgetting', 'off', true);
  delete from claims where stream_id in (select 'call-' || id from unnest(ended) id);
  update checkpoints set transaction_id = last_transaction, position = last_position where name = 'retention';
  return passed;
end $function$;

CREATE OR REPLACE FUNCTION keep_recent_calls()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' then
    delete from recent_calls where stream_id = old.stream_id;
  elsif new.type = 'CallInitiated' then
    insert into recent_calls (stream_id, caller, callee)
    values (new.stream_id, new.data #>> '{caller,userId}', new.data #>> '{callee,userId}')
    on conflict (stream_id) do nothing;
  elsif new.at < clock_timestamp() - interval '2 minutes' then
    delete from recent_calls where stream_id = new.stream_id;
  else
    update recent_calls set ended_at = new.at where stream_id = new.stream_id;
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if current_setting('ringway.forgetting', true) = 'on' and tg_op <> 'TRUNCATE' then return null; end if;
  raise exception 'events are for ever: % on % is refused', tg_op, tg_table_name using errcode = 'integrity_constraint_violation';
end $function$;

CREATE OR REPLACE FUNCTION trim_stream(trimmed text, keep integer)
 RETURNS void
 LANGUAGE plpgsql
 SET jit TO 'off'
AS $function$
declare
  newest int;
  told checkpoints%rowtype;
begin
  select max(version) into newest from events where stream_id = trimmed;
  if newest is null or newest <= keep then return; end if;
  select * into told from checkpoints where name = 'webhooks';
  perform set_config('ringway.forgetting', 'on', true);
  delete from events where stream_id = trimmed and version <= newest - keep
     and (told.name is null or (transaction_id, position) <= (told.transaction_id, told.position));
  perform set_config('ringway.forgetting', 'off', true);
end $function$;

CREATE OR REPLACE FUNCTION trim_stream(trimmed text, keep integer, subscriptions text[])
 RETURNS void
 LANGUAGE plpgsql
 SET jit TO 'off'
AS $function$
declare
  newest int;
begin
  select max(version) into newest from events where stream_id = trimmed;
  if newest is null or newest <= keep then return; end if;
  perform set_config('ringway.forgetting', 'on', true);
  delete from events where stream_id = trimmed and version <= newest - keep
     and not exists (select from checkpoints c where c.name = any(subscriptions)
                        and (events.transaction_id, events.position) > (c.transaction_id, c.position));
  perform set_config('ringway.forgetting', 'off', true);
end $function$;

-- Triggers

CREATE TRIGGER events_are_for_ever BEFORE DELETE OR UPDATE OR TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER recent_calls_are_forgotten AFTER DELETE ON events FOR EACH ROW WHEN (old.type = 'CallInitiated'::text) EXECUTE FUNCTION keep_recent_calls();

CREATE TRIGGER recent_calls_are_kept AFTER INSERT ON events FOR EACH ROW WHEN (new.type = ANY (ARRAY['CallInitiated'::text, 'CallDeclined'::text, 'CallCancelled'::text, 'CallMissed'::text, 'CallEnded'::text, 'CallFailed'::text])) EXECUTE FUNCTION keep_recent_calls();
