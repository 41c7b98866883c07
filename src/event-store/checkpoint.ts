import type { Pool } from 'pg';
import type { Cursor } from './event-store.js';

const BEGINNING: Cursor = { transactionId: '0', position: '0' };

/** How far somebody has come in the global order; one node at a time works on it, under a lease fenced by an epoch. */
export class Checkpoint {
  /** Of our last lease. As long as it is the row's, nobody else has had one since. */
  private epoch = 0;

  constructor(
    private readonly pool: Pool,
    private readonly name: string,
    private readonly leaseMs: number,
  ) {}

  /** Where nobody has begun under this name yet, it begins here. */
  async beginAt({ transactionId, position }: Cursor): Promise<void> {
    await this.pool.query(
      `insert into checkpoints (name, transaction_id, position) values ($1, $2::xid8, $3) on conflict (name) do nothing`,
      [this.name, transactionId, position],
    );
  }

  async read(): Promise<Cursor> {
    const { rows } = await this.pool.query<Cursor>(
      'select transaction_id::text as "transactionId", position from checkpoints where name = $1',
      [this.name],
    );
    return rows[0] ?? BEGINNING;
  }

  /** @returns false when another node works on it, or has moved on from this cursor meanwhile */
  async lease({ transactionId, position }: Cursor): Promise<boolean> {
    const { rows } = await this.pool.query<{ epoch: number }>(
      `insert into checkpoints as c (name, epoch, lease_until)
       values ($1, 1, clock_timestamp() + $2 * interval '1 millisecond')
       on conflict (name) do update set epoch = c.epoch + 1, lease_until = excluded.lease_until
         where (c.lease_until is null or c.lease_until < clock_timestamp() or c.epoch = $5)
           and c.transaction_id = $3::xid8 and c.position = $4
       returning epoch`,
      [this.name, this.leaseMs, transactionId, position, this.epoch],
    );
    if (!rows[0]) return false;
    this.epoch = rows[0].epoch;
    return true;
  }

  /** So far already, and there is more to do. @returns false when the lease has been lost */
  extend(reached: Cursor): Promise<boolean> {
    return this.move(reached, this.leaseMs);
  }

  async release(reached: Cursor): Promise<void> {
    await this.move(reached, null);
  }

  private async move({ transactionId, position }: Cursor, leaseMs: number | null): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `update checkpoints set transaction_id = $3::xid8, position = $4,
              lease_until = clock_timestamp() + $5 * interval '1 millisecond'
        where name = $1 and epoch = $2`,
      [this.name, this.epoch, transactionId, position, leaseMs],
    );
    return rowCount === 1;
  }
}
