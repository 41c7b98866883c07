import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// jest does not transform this file's imports, hence the build (`npm test` makes it first).
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);

/** One real PostgreSQL for the whole run, with a migrated template database that every test file clones. */
export default async function setup() {
  if (process.env.TEST_DATABASE_URL) return;
  const { startEmbeddedPostgres } = await import('ringway-embedded-postgres');
  const dataDir = await mkdtemp(join(tmpdir(), 'ringway-test-'));
  // Tests kill gateways, not disks: without fsync the same server answers the same, only sooner.
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '300',
  };
  const server = await startEmbeddedPostgres({ dataDir, settings });
  await prepareTemplate(server.url);
  process.env.TEST_DATABASE_URL = server.url;
  globalThis.stopTestDatabase = async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

/** The migrated database that `freshDatabase` clones. */
export async function prepareTemplate(url) {
  const { migrate } = await built('schema/migrate.js');
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create database template_ringway');
  await client.end();
  const template = new URL(url);
  template.pathname = '/template_ringway';
  await migrate(template.href);
}
