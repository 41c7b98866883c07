import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The retention forgets what is told of installs and erasures, too: else everybody could leave rows for ever, by made-up ids. */
export class RetentionOfInstalls1700000000013 implements MigrationInterface {
  name = 'RetentionOfInstalls1700000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(FORGET_CALLS);
  }

  /** The older gateway gets along with it. */
  async down(): Promise<void> {}
}

/**
 * Deletes up to \`most\` events' worth of what is older than \`older_than\`, and remembers in the checkpoint 'retention' how far
 * it came in the global order. It stays behind the checkpoints of \`subscriptions\`.
 * - Calls that ended before, with all that was recorded about them. Only the event that ends a call leads to it, so a live
 *   call is never found.
 * - Of the streams of installs and erasures what has a newer event that is as old, and an install's last one once it is gone.
 * Returns how many events it went past: 0 when there is nothing (more) to do, or another node is at it.
 */
const FORGET_CALLS = `
create or replace function forget_calls(older_than timestamptz, most int, subscriptions text[])
returns int language plpgsql set jit = off as $$
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
end $$;`;
