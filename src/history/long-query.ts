import type { Pool, QueryResultRow } from 'pg';
import { Failure } from '../errors/api-error.js';

const QUERY_CANCELED = '57014';

/** A question over many calls; one that would take longer than its pool allows is refused with the way out. */
export async function patientQuery<Row extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  try {
    return (await pool.query<Row>(text, values)).rows;
  } catch (error) {
    if ((error as { code?: string }).code !== QUERY_CANCELED) throw error;
    throw new Failure(
      'UNAVAILABLE',
      'There are too many calls to look at in time; bring from and to closer.',
    );
  }
}
