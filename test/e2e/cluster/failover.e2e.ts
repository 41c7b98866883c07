import pg from 'pg';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type HttpAnswer, type TestGateway, eventually, testGateway } from '../../support/gateway.js';

describe('after a failover to a server that takes no writes', () => {
  let database: TestDatabase;
  let gateway: TestGateway;
  let admin: pg.Client;
  let name: string;
  beforeAll(async () => {
    database = await freshDatabase();
    gateway = await testGateway({}, database);
    name = new URL(database.url).pathname.slice(1);
    admin = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
    await admin.connect();
  });
  afterAll(async () => {
    await gateway.stop();
    await admin.end();
    await database.drop();
  });

  /** What a standby that was promoted, or a primary that was demoted, looks like to new connections. */
  const reading = async (on: boolean): Promise<void> => {
    await admin.query(`alter database ${name} set default_transaction_read_only = ${on}`);
  };
  const cutAll = () =>
    admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  const ready = (): Promise<HttpAnswer> => gateway.http('/health/ready');
  const register = (): Promise<HttpAnswer> =>
    gateway.http('/v1/devices/tablet', {
      as: 'bob',
      method: 'PUT',
      body: { platform: 'web', name: 'Tablet' },
    });

  it('a node is not ready and says why; once there is a primary, it writes there and keeps no reader', async () => {
    expect((await ready()).status).toBe(200);
    await reading(true);
    await cutAll();
    expect(
      await eventually(
        ready,
        ({ status, body }) => status === 503 && body.parts.postgres.detail !== 'PostgreSQL does not answer',
      ),
    ).toMatchObject({
      body: { status: 'down', parts: { postgres: { status: 'down', detail: 'PostgreSQL is read-only' } } },
    });
    for (let i = 0; i < 8; i++) expect((await register()).body.code).toBe('UNAVAILABLE'); // every connection has seen it
    await reading(false); // connections that are there stay what they are
    await eventually(ready, ({ status }) => status === 200);
    expect((await register()).status).toBe(200);
    const alice = await gateway.phone('alice');
    await alice.calls('bob');
  });
});
