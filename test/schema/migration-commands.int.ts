import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { type TestDatabase, freshDatabase } from '../support/database.js';

const ROOT = path.resolve(import.meta.dirname, '../..');

describe("TypeORM's migration commands", () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await freshDatabase({ migrated: false })));
  afterAll(() => database.drop());

  /** As docs/operations.md has it. */
  const typeorm = async (command: string): Promise<string> => {
    const file = path.join(ROOT, 'node_modules/.bin/typeorm');
    const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: database.url };
    const { stdout } = await promisify(execFile)(file, [command, '-d', 'ormconfig.js'], { cwd: ROOT, env });
    return stdout;
  };

  it('show what is missing, make it, and show that it is there', async () => {
    const before = await typeorm('migration:show');
    expect(before).toContain('[ ] EventStore1700000000001');
    expect(before).not.toContain('[X]');
    await typeorm('migration:run');
    const after = await typeorm('migration:show');
    expect(after).toContain('EventStore1700000000001');
    expect(after).not.toContain('[ ]');
  }, 60_000);
});
