import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What an operator asks about all calls: the newest ones (an entry per call), and everything of a span of time. Events
 * lie in the table as they happened, so a BRIN of a few kilobytes finds a day and costs an append nothing.
 */
export class Operators1700000000003 implements MigrationInterface {
  name = 'Operators1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create index events_calls on events (at desc, position desc) where type = 'CallInitiated';
create index events_by_time on events using brin (at) with (pages_per_range = 32, autosummarize = on);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index events_by_time, events_calls');
  }
}
