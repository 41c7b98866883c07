import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Streams are trimmed behind the subscriptions there are: one that was switched off for good keeps nothing. */
export class TrimmedBehindSubscriptions1700000000015 implements MigrationInterface {
  name = 'TrimmedBehindSubscriptions1700000000015';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TRIM_STREAM);
  }

  /** The older gateway calls the function of two parameters, which is still there. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function trim_stream(text, int, text[])');
  }
}

const TRIM_STREAM = `
-- Deletes the events of a stream but for the newest \`keep\`; none that one of \`subscriptions\` has yet to read. The versions
-- go on, and those that stay have no gap.
create function trim_stream(trimmed text, keep int, subscriptions text[])
returns void language plpgsql set jit = off as $$
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
end $$;`;
