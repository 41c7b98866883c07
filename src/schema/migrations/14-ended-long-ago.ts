import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A call that ended more than two minutes ago when its end is recorded (an import, a restored backup) is not kept as recent. */
export class EndedLongAgo1700000000014 implements MigrationInterface {
  name = 'EndedLongAgo1700000000014';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(KEEP_RECENT_CALLS);
    await runner.query(`delete from recent_calls where ended_at < clock_timestamp() - interval '2 minutes'`);
  }

  /** The older gateway gets along with it. */
  async down(): Promise<void> {}
}

const KEEP_RECENT_CALLS = `
create or replace function keep_recent_calls() returns trigger language plpgsql as $$
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
end $$`;
