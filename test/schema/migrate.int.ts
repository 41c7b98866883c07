import pg from 'pg';
import { DatabaseError, migrate } from '../../src/schema/migrate.js';
import { type TestDatabase, freshDatabase } from '../support/database.js';

describe('a start that migrates', () => {
  let database: TestDatabase;
  let other: pg.Client;
  beforeEach(async () => {
    database = await freshDatabase({ migrated: false });
    other = new pg.Client(database.url);
    await other.connect();
  });
  afterEach(async () => {
    await other.end();
    await database.drop();
  });

  it('waits for another node that migrates, says so, and goes on after it', async () => {
    await other.query('select pg_advisory_lock(7426419)');
    const said: string[] = [];
    const migrating = migrate(database.url, (what) => {
      said.push(what);
      if (said.length === 1) void other.query('select pg_advisory_unlock(7426419)');
    });
    await migrating;
    expect(said[0]).toMatch(/another node/);
    const { rows } = await other.query(`select to_regclass('events') is not null as there`);
    expect(rows).toEqual([{ there: true }]);
  });

  it('gives up in one clear line when the lock is never let go, and leaves none behind', async () => {
    await other.query('select pg_advisory_lock(7426419)');
    const migrating = migrate(database.url, () => undefined, 50);
    await expect(migrating).rejects.toThrow(
      new DatabaseError('the database could not be prepared: another node holds the migration lock'),
    );
    const { rows } = await other.query<{ held: number }>(
      `select count(*)::int as held from pg_locks where locktype = 'advisory' and database = (
         select oid from pg_database where datname = current_database())`,
    );
    expect(rows).toEqual([{ held: 1 }]);
  });

  it('keeps nobody waiting behind a table that a long transaction holds, and goes on when that has ended', async () => {
    await migrate(database.url);
    await other.query(`delete from migrations where name like 'ErasureByKeyAlone%'`);
    await other.query('begin; lock table claims in share mode');
    const said: string[] = [];
    await migrate(database.url, (what) => {
      said.push(what);
      if (said.length === 1) void other.query('commit');
    });
    expect(said).toEqual([expect.stringMatching(/long transaction/)]);
  });
});
