import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The retention removes the claims of the calls it deletes: by their streams, without a look at all the others. */
export class ClaimsByStream1700000000005 implements MigrationInterface {
  name = 'ClaimsByStream1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index claims_by_stream on claims (stream_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index claims_by_stream');
  }
}
