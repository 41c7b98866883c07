import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A refused token that was never accepted is made up or dead, whatever happens to the other tokens of its app. */
export class AcceptedTokens1700000000011 implements MigrationInterface {
  name = 'AcceptedTokens1700000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table devices add column
  -- When a push to push_token was first accepted; null while none was.
  token_accepted_at timestamptz;
-- Nobody has counted until now: all get the benefit of the doubt.
update devices set token_accepted_at = token_updated_at where push_token is not null;`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table devices drop column token_accepted_at');
  }
}
