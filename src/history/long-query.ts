import type { Pool, QueryResultRow } from 'pg';
import { ApiError } from '../errors/api-error.js';

const QUERY_CANCELED = '57014';

/** A question over many calls; one that would take longer than its pool allows is refused with the way out. */
export async function longQuery<Row extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  try {
    return (await pool.query<Row>(text, values)).rows;
  } catch (error) {
    if ((error as { code?: string }).code !== QUERY_CANCELED) throw error;
    throw new ApiError(
      'UNAVAILABLE',
      'There are too many calls to look at in time; bring from and to closer.',
    );
  }
}
