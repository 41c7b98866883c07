import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Streams that anybody may make grow for ever, those of installs and of erasures, keep their newest events only. */
export class TrimmedStreams1700000000009 implements MigrationInterface {
  name = 'TrimmedStreams1700000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
-- Deletes the events of a stream but for the newest \`keep\`; none that the app's backend has yet to be told of. The versions
-- go on, and those that stay have no gap.
create function trim_stream(trimmed text, keep int) returns void language plpgsql set jit = off as $$
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
end $$;`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function trim_stream');
  }
}
