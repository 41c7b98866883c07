import type { MigrationInterface, QueryRunner } from 'typeorm';

const ENDS = `'CallDeclined', 'CallCancelled', 'CallMissed', 'CallEnded', 'CallFailed'`;

/**
 * Which calls of a user live or have just ended, without a look at all the others. A trigger keeps it, so that nodes of the
 * last release do as well. The update of \`ended_at\` touches no index (HOT).
 */
export class RecentCalls1700000000010 implements MigrationInterface {
  name = 'RecentCalls1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table recent_calls (
  stream_id text primary key,
  caller    text not null,
  callee    text not null,
  -- null while the call lives; two minutes later the row goes.
  ended_at  timestamptz(3)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index recent_calls_of_caller on recent_calls (caller);
create index recent_calls_of_callee on recent_calls (callee);

create function keep_recent_calls() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    delete from recent_calls where stream_id = old.stream_id;
    return null;
  end if;
  if new.type = 'CallInitiated' then
    insert into recent_calls (stream_id, caller, callee)
    values (new.stream_id, new.data #>> '{caller,userId}', new.data #>> '{callee,userId}')
    on conflict (stream_id) do nothing;
  else
    update recent_calls set ended_at = new.at where stream_id = new.stream_id;
  end if;
  return null;
end $$;
create trigger recent_calls_are_kept after insert on events
  for each row when (new.type in ('CallInitiated', ${ENDS})) execute function keep_recent_calls();
create trigger recent_calls_are_forgotten after delete on events
  for each row when (old.type = 'CallInitiated') execute function keep_recent_calls();

-- Every live call has a job that will end it. No event comes in between: the trigger has locked the table.
insert into recent_calls (stream_id, caller, callee)
select e.stream_id, e.data #>> '{caller,userId}', e.data #>> '{callee,userId}'
  from (select distinct stream_id from jobs where kind in ('ring-timeout', 'max-duration')) live
  join events e on e.stream_id = live.stream_id and e.version = 1 and e.type = 'CallInitiated'
 where not exists (select from events over where over.stream_id = e.stream_id and over.type in (${ENDS}))
on conflict (stream_id) do nothing;`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger recent_calls_are_kept on events;
      drop trigger recent_calls_are_forgotten on events;
      drop function keep_recent_calls;
      drop table recent_calls;`);
  }
}
