import type { Pool } from 'pg';
import type { Clock } from '../time/clock.js';

/**
 * PostgreSQL's time. Deadlines are recorded by its clock, so every node must compare against the same one; the machine's
 * own clock may be wrong or stepped. Between samples the monotonic clock counts on.
 */
export class DatabaseClock implements Clock {
  private offset = Date.now() - performance.now();
  private quality = Number.POSITIVE_INFINITY;

  now(): number {
    return Math.round(performance.now() + this.offset);
  }

  /** Takes a sample; the quicker the answer, the better the sample. Older samples lose weight, as clocks drift. */
  async sync(pool: Pool): Promise<void> {
    const sent = performance.now();
    const { rows } = await pool.query<{ now: Date }>({
      name: 'clock',
      text: 'select clock_timestamp() as now',
    });
    const received = performance.now();
    const roundTrip = received - sent;
    if (roundTrip > this.quality * 1.5 + 2) {
      this.quality *= 1.2;
      return;
    }
    this.quality = roundTrip;
    this.offset = rows[0]!.now.getTime() - (sent + received) / 2;
  }
}
