import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';

/** A secret all gateways of this database share; made by the first one that asks for it. */
export async function sharedSecret(pool: Pool, name: string): Promise<string> {
  await pool.query('insert into secrets (name, value) values ($1, $2) on conflict do nothing', [
    name,
    randomBytes(48).toString('base64url'),
  ]);
  const { rows } = await pool.query<{ value: string }>('select value from secrets where name = $1', [name]);
  return rows[0]!.value;
}
