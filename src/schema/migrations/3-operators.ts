import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an operator asks about all calls begins with the newest: an index entry per call. */
export class Operators1700000000003 implements MigrationInterface {
  name = 'Operators1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create index events_calls on events (at desc, position desc) where type = 'CallInitiated'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index events_calls');
  }
}
