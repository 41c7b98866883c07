import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { Batch } from '../concurrency/batch.js';
import type { UserKey } from './crypto-shredding.js';

const REMEMBERED = 10_000;

/**
 * The keys personal data is sealed with, one per user, made when first needed. Those in use are remembered, so that an
 * append stays one statement; nothing is opened with a remembered key.
 */
export class UserKeys {
  /** The longest unused first. */
  private readonly remembered = new Map<string, UserKey>();
  private readonly reads: Batch<string, UserKey>;
  private erasures = 0;

  constructor(private readonly pool: Pool) {
    this.reads = new Batch({ size: 200, concurrency: 1 }, (userIds) => this.read(userIds));
  }

  async of(userId: string): Promise<UserKey> {
    const { erasures } = this;
    const key = this.remembered.get(userId) ?? (await this.reads.add(userId));
    // Read before an erasure that has been heard of meanwhile, it may be gone.
    if (erasures === this.erasures) this.remember(userId, key);
    return key;
  }

  /** The user was erased: should they come back, they get a new key. */
  forget(userId: string): void {
    this.erasures++;
    this.remembered.delete(userId);
  }

  private remember(userId: string, key: UserKey): void {
    this.remembered.delete(userId);
    this.remembered.set(userId, key);
    if (this.remembered.size <= REMEMBERED) return;
    const oldest = this.remembered.keys().next().value;
    if (oldest !== undefined) this.remembered.delete(oldest);
  }

  private async read(userIds: string[]): Promise<UserKey[]> {
    const wanted = [...new Set(userIds)];
    const keys = await this.rows('read_keys', READ, [wanted]);
    const missing = wanted.filter((userId) => !keys.has(userId)).sort();
    if (missing.length > 0) {
      const values = [missing, missing.map(() => randomUUID()), missing.map(() => randomBytes(32))];
      for (const [userId, key] of await this.rows('make_keys', MAKE, values)) keys.set(userId, key);
    }
    return userIds.map((userId) => keys.get(userId)!);
  }

  private async rows(name: string, text: string, values: unknown[]): Promise<Map<string, UserKey>> {
    const { rows } = await this.pool.query<UserKey & { user_id: string }>({ name, text, values });
    return new Map(rows.map(({ user_id, id, key }) => [user_id, { id, key }]));
  }
}

const READ = 'select user_id, id, key from user_keys where user_id = any($1)';
/** The update changes nothing; it makes the statement return the key another node has just made. */
const MAKE = `insert into user_keys (user_id, id, key) select * from unnest($1::text[], $2::uuid[], $3::bytea[])
              on conflict (user_id) do update set user_id = excluded.user_id returning user_id, id, key`;
