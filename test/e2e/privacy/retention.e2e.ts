import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { everythingStored } from '../../support/everything.js';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import type { Phone } from '../../support/phone.js';

const RETENTION = { RINGWAY_RETENTION_DAYS: '30' };

/** Turns the calendar: what was recorded about these calls was recorded so many days ago. */
async function daysAgo(database: TestDatabase, days: number, callIds: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`set ringway.forgetting = 'on'`);
  await client.query(
    `update events set at = at - $1 * interval '1 day' where substr(stream_id, 6) = any($2)`,
    [days, callIds],
  );
  await client.end();
}

async function ended(alice: Phone, callee: string): Promise<string> {
  const callId = await alice.calls(callee);
  await alice.say('call:cancel', { callId });
  return callId;
}

describe('calls that ended longer ago than the retention', () => {
  let database: TestDatabase;
  let gateway: TestGateway;
  beforeEach(async () => {
    database = await freshDatabase();
    gateway = await testGateway({}, database);
  });
  afterEach(async () => {
    await gateway.stop();
    await database.drop();
  });
  const restart = async (env: Record<string, string> = RETENTION): Promise<void> => {
    await gateway.stop();
    gateway = await testGateway(env, database);
  };
  const historyOf = async (as: string): Promise<string[]> =>
    (await gateway.http('/v1/calls?limit=100', { as })).body.items.map(({ callId }) => callId);
  /** The streams there are something of. */
  const storedOf = async (callId: string): Promise<string[]> =>
    (await everythingStored(database.url)).filter((row) => row.includes(callId));

  it('leave the history and the store, and nothing else does', async () => {
    const alice = await gateway.phone('alice', { name: 'Alice' });
    const bob = await gateway.phone('bob', { name: 'Bob' });
    const old = [await ended(alice, 'bob'), await ended(alice, 'carol'), await ended(alice, 'bob')];
    const young = await ended(alice, 'bob');
    const live = await alice.calls('bob');
    await bob.say('call:answer', { callId: live });
    await gateway.http('/v1/devices/tablet', {
      as: 'bob',
      method: 'PUT',
      body: { platform: 'web', name: 'Tablet' },
    });
    await daysAgo(database, 31, [...old, live]);
    await daysAgo(database, 29, [young]);
    expect(await historyOf('alice')).toHaveLength(5);
    await restart();
    await eventually(
      () => historyOf('alice'),
      ({ length }) => length === 2,
    );
    expect((await historyOf('bob')).sort()).toEqual([young, live].sort());
    for (const callId of old) {
      expect(await storedOf(callId)).toEqual([]);
      expect((await gateway.http(`/v1/calls/${callId}`, { as: 'alice' })).body.code).toBe('CALL_NOT_FOUND');
      expect((await gateway.http(`/v1/calls/${callId}/events`, { as: 'alice' })).status).toBe(404);
    }
    expect((await gateway.http(`/v1/calls/${young}`, { as: 'bob' })).body).toMatchObject({
      ...{ outcome: 'cancelled', caller: { name: 'Alice' } },
    });
    expect((await gateway.http('/v1/devices', { as: 'bob' })).body.items).toHaveLength(1);
    // The live one has only lost its youth.
    const again = await gateway.phone('alice');
    expect(await again.say('call:end', { callId: live })).toMatchObject({
      ok: true,
      call: { outcome: 'completed' },
    });
  });

  it('stay for ever where no retention is set', async () => {
    const alice = await gateway.phone('alice');
    const old = await ended(alice, 'bob');
    await daysAgo(database, 10_000, [old]);
    await restart({});
    await gateway.phone('alice');
    expect(await historyOf('alice')).toEqual([old]);
    expect(await everythingStored(database.url)).not.toContainEqual(
      expect.stringMatching(/^checkpoints: \(retention/),
    );
  });

  it('wait until the backend of the app has been told of them, and it misses none', async () => {
    const told: { id: string; type: string }[] = [];
    let open = false;
    const backend = createServer((message, response) => {
      let text = '';
      message.on('data', (part: Buffer) => (text += part.toString()));
      message.on('end', () => {
        if (open) told.push(JSON.parse(text) as (typeof told)[number]);
        response.writeHead(open ? 204 : 503).end();
      });
    }).listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const webhook = {
      WEBHOOK_URL: `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`,
      WEBHOOK_SECRET: 'shared with the backend',
    };
    await restart(webhook);
    const alice = await gateway.phone('alice');
    const old = [await ended(alice, 'bob'), await ended(alice, 'bob')];
    await daysAgo(database, 31, old);
    await restart({ ...RETENTION, ...webhook });
    await eventually(
      () => everythingStored(database.url),
      (rows) => rows.some((row) => row.startsWith('checkpoints: (retention')),
    );
    expect(await historyOf('alice')).toHaveLength(2);
    open = true;
    await eventually(
      () => Promise.resolve(told),
      (heard) =>
        old.every((callId) =>
          heard.some(({ id, type }) => id === `call-${callId}/2` && type === 'CallCancelled'),
        ),
    );
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await eventually(
      () =>
        client.query(
          `select from checkpoints where name = 'webhooks'
              and position >= (select max(position) from events where stream_id = any ($1))`,
          [old.map((callId) => `call-${callId}`)],
        ),
      ({ rowCount }) => rowCount === 1,
    );
    await client.end();
    await restart({ ...RETENTION, ...webhook });
    await eventually(
      () => historyOf('alice'),
      ({ length }) => length === 0,
    );
    backend.closeAllConnections();
    backend.close();
  });

  it('go a few at a time, however many there are, on one of two nodes', async () => {
    const alice = await gateway.phone('alice');
    const first = await ended(alice, 'bob');
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`
      insert into events (stream_id, version, type, data, actor, command_id, at)
      select 'call-' || id, v, case v when 1 then 'CallInitiated' else 'CallMissed' end,
             case v when 1 then (select jsonb_set(data, '{callId}', to_jsonb(id)) from events where stream_id = 'call-${first}' and version = 1)
                    else '{}' end, null, gen_random_uuid(), clock_timestamp() - interval '40 days'
        from (select gen_random_uuid()::text as id from generate_series(1, 700)) ids, generate_series(1, 2) v`);
    const left = async (): Promise<number> =>
      (await client.query<{ count: number }>('select count(*)::int as count from events')).rows[0]!.count;
    await daysAgo(database, 40, [first]);
    expect(await left()).toBeGreaterThan(1_401);
    await restart();
    const other = await testGateway(RETENTION, database);
    await eventually(left, (count) => count === 0);
    expect(await historyOf('alice')).toEqual([]);
    await other.stop();
    await client.end();
  });
});

describe('events', () => {
  it('are for ever to anybody who is not the retention or an erasure', async () => {
    const database = await freshDatabase();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`select erase_user('nobody')`);
    await client.query(`select forget_calls(now(), 10, '{}')`);
    for (const statement of ['delete from events', `update events set type = ''`, 'truncate events']) {
      await expect(client.query(statement)).rejects.toThrow('events are for ever');
    }
    await client.query('begin');
    await client.query(`select erase_user('nobody')`);
    await expect(client.query('delete from events')).rejects.toThrow('events are for ever');
    await client.end();
    await database.drop();
  });
});
