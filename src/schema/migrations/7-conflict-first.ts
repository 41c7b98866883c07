import type { MigrationInterface, QueryRunner } from 'typeorm';
import { APPEND_EVENTS } from '../../event-store/append-events.js';

/** A version that is over is told before a claim that is held. */
export class ConflictFirst1700000000007 implements MigrationInterface {
  name = 'ConflictFirst1700000000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(APPEND_EVENTS);
  }

  /** The older gateway gets along with it. */
  async down(): Promise<void> {}
}
