import { readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { type TestDatabase, freshDatabase } from '../support/database.js';
import { migrationsOf, schemaOf } from './dump.js';

const file = new URL('../../docs/schema.sql', import.meta.url);

const page = (migrations: readonly string[], schema: string): string => `\
-- The schema of a migrated database, for reading: the gateway makes it with its migrations when it starts.
-- Generated: npm run schema
--
-- It is what these migrations make:
${migrations.map((name) => `--   ${name}`).join('\n')}

${schema}`;

describe('docs/schema.sql', () => {
  const databases: TestDatabase[] = [];
  const clients: pg.Client[] = [];
  const connect = async (options: { migrated: boolean }): Promise<pg.Client> => {
    const database = await freshDatabase(options);
    databases.push(database);
    const client = new pg.Client(database.url);
    clients.push(client);
    await client.connect();
    return client;
  };
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await Promise.all(databases.splice(0).map((database) => database.drop()));
  });

  it('is what the migrations make (if not: npm run schema, and read the difference)', async () => {
    const client = await connect({ migrated: true });
    const made = page(await migrationsOf(client), await schemaOf(client));
    if (process.env.UPDATE_DOCS) writeFileSync(file, made);
    else expect(readFileSync(file, 'utf8')).toBe(made);
  });

  it('makes the same schema in an empty database', async () => {
    const [migrated, empty] = [await connect({ migrated: true }), await connect({ migrated: false })];
    await empty.query(readFileSync(file, 'utf8'));
    expect(await schemaOf(empty)).toBe(await schemaOf(migrated));
  });
});
