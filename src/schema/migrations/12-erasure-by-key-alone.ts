import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An erasure looks at nothing that grows with a user's history. What was asked for under the second name of a merged call is
 * kept as a keyed hash under the user's own key since, and is as good as gone with the key; hashes without a key go here.
 */
export class ErasureByKeyAlone1700000000012 implements MigrationInterface {
  name = 'ErasureByKeyAlone1700000000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ERASE_USER);
    await runner.query(`update claims set owner = null where key like 'alias %'`);
  }

  /** The older gateway gets along with it. */
  async down(): Promise<void> {}
}

const ERASE_USER = `
create or replace function erase_user(erased text) returns boolean language plpgsql set jit = off as $$
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
end $$;`;
