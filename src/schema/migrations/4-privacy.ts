import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys that personal data is sealed with, and the two exceptions to "events are for ever". */
export class Privacy1700000000004 implements MigrationInterface {
  name = 'Privacy1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(KEYS);
    await runner.query(GUARD);
    await runner.query(ERASE_USER);
    await runner.query(FORGET_CALLS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function forget_calls, erase_user;
      drop index events_not_sealed;
      drop table user_keys;`);
  }
}

const KEYS = `
-- Without its key, what was sealed with it is unreadable for good.
create table user_keys (
  id      uuid primary key,
  user_id text not null unique,
  key     bytea not null
);
-- Personal data that was recorded before there were keys; empty in a database that began with them.
create index events_not_sealed on events ((actor ->> 'userId'))
  where not data ? 'sealed' and (
    (type = 'CallInitiated' and (data #> '{caller,name}' <> 'null' or data -> 'metadata' <> '{}'))
    or (type in ('CallRinging', 'CallAnswered', 'CallDeclined') and data -> 'name' <> 'null'));`;

/** Only the functions below turn the setting on, and only while they change events. */
const GUARD = `
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  if current_setting('ringway.forgetting', true) = 'on' and tg_op <> 'TRUNCATE' then return null; end if;
  raise exception 'events are for ever: % on % is refused', tg_op, tg_table_name using errcode = 'integrity_constraint_violation';
end $$;`;

/**
 * Makes what a user said about themselves unreadable, and takes their connections out of the presence.
 * Returns whether there was anything to forget since they were erased last. Repetitions take turns.
 */
const ERASE_USER = `
create function erase_user(erased text) returns boolean language plpgsql as $$
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
  -- What they asked for under the second name of a merged call.
  update claims set owner = null where key like 'alias %' and stream_id in (
    select stream_id from events where type = 'CallInitiated' and data #>> '{callee,userId}' = erased);

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
end $$;`;

/**
 * Deletes up to \`most\` events' worth of calls that ended before \`older_than\`, with all that was recorded about them, and
 * remembers in the checkpoint 'retention' how far it came in the global order. Only the event that ends a call leads
 * to it, so a live call is never found. It stays behind the checkpoints of \`subscriptions\`.
 * Returns how many events it went past: 0 when there is nothing (more) to do, or another node is at it.
 */
const FORGET_CALLS = `
create function forget_calls(older_than timestamptz, most int, subscriptions text[]) returns int language plpgsql as $$
declare
  reached checkpoints%rowtype;
  passed int;
  last_transaction xid8;
  last_position bigint;
  ended text[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('retention', 0)) then return 0; end if;
  insert into checkpoints (name) values ('retention') on conflict (name) do nothing;
  select * into reached from checkpoints where name = 'retention';

  with next as (
    select transaction_id, position, stream_id, type, at from events
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
           and type in ('CallDeclined', 'CallCancelled', 'CallMissed', 'CallEnded', 'CallFailed'))
    into passed, last_transaction, last_position, ended from judged where may_go;
  if passed = 0 then return 0; end if;

  perform set_config('ringway.forgetting', 'on', true);
  delete from events where stream_id in (
    select kind || id from unnest(ended) id, unnest('{call-,wake-}'::text[]) kind);
  perform set_config('ringway.forgetting', 'off', true);
  delete from claims where stream_id in (select 'call-' || id from unnest(ended) id);
  update checkpoints set transaction_id = last_transaction, position = last_position where name = 'retention';
  return passed;
end $$;`;
