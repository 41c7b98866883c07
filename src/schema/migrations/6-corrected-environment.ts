import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an app says of its APNs environment at every start must not undo what APNs has taught us about its token. */
export class CorrectedEnvironment1700000000006 implements MigrationInterface {
  name = 'CorrectedEnvironment1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
alter table devices add column
  -- What the app had declared when apns_environment was corrected; null where its word still counts.
  corrected_from text check (corrected_from in ('sandbox', 'production'));`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table devices drop column corrected_from');
  }
}
