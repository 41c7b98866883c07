import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type HttpAnswer, type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import { MortalPostgres } from '../../support/mortal-postgres.js';
import type { Phone, Told } from '../../support/phone.js';

/** Promised are two seconds; a busy machine may be a little late in saying so. */
const PROMISED_MS = 2_600;

/** Ways to lose PostgreSQL. Each returns the way back. */
const ABSENCES: [string, (postgres: MortalPostgres) => Promise<() => Promise<void> | void>][] = [
  [
    'is killed with SIGKILL',
    async (postgres) => {
      await postgres.kill();
      return () => postgres.restart();
    },
  ],
  ['is frozen', (postgres) => postgres.freeze()],
  ['refuses connections', (postgres) => Promise.resolve(postgres.wire.refuse())],
  [
    'is a black hole',
    (postgres) => {
      postgres.wire.silence();
      return Promise.resolve(() => postgres.wire.heal());
    },
  ],
  [
    'lets all connections be busy with something else',
    async ({ url }) => {
      const holder = new pg.Client(url);
      await holder.connect();
      await holder.query('begin; lock table events, sessions, nodes, devices, jobs in access exclusive mode');
      return () => holder.end();
    },
  ],
];

describe('while PostgreSQL is away', () => {
  let postgres: MortalPostgres;
  let gateway: TestGateway;
  let alice: Phone;
  let bob: Phone;
  let token: string;
  let late: string;
  /** What was acknowledged, by call: the version the answer told. */
  const acknowledged = new Map<string, number>();
  beforeAll(async () => {
    postgres = await MortalPostgres.start();
    gateway = await testGateway({}, { url: postgres.url, drop: () => Promise.resolve() });
    alice = await gateway.phone('alice');
    bob = await gateway.phone('bob');
    token = await gateway.token('alice');
    late = await gateway.token('late');
  });
  afterAll(async () => {
    await gateway.stop();
    await postgres.stop();
  });

  const noted = (answer: Told): Told => {
    if (answer.ok && answer.call) acknowledged.set(answer.call.callId, answer.call.version);
    return answer;
  };
  const timed = async <T>(work: Promise<T>): Promise<T & { ms: number }> => {
    const since = performance.now();
    const answer = await work;
    return { ...answer, ms: performance.now() - since };
  };
  const ready = (): Promise<HttpAnswer> => gateway.http('/health/ready');
  const unavailable = { ok: false, error: { code: 'UNAVAILABLE', retryable: true } };

  it.each(ABSENCES)(
    'because it %s, commands are UNAVAILABLE in 2 s, sockets stay, and all is well again by itself',
    async (_, leave) => {
      const answered = randomUUID();
      noted(await alice.say('call:initiate', { callId: answered, callee: 'bob', media: 'voice' }));
      noted(await bob.say('call:answer', { callId: answered }));
      const comeBack = await leave(postgres);
      const callId = randomUUID();
      const initiation = { callId, callee: 'bob', media: 'voice' };
      const newcomer = gateway.phone('late', { token: late });

      const commands = Promise.all([
        timed(alice.say('call:initiate', initiation)),
        timed(alice.say('call:cancel', { callId })), // waits for its turn behind the one before
        timed(bob.say('call:end', { callId: answered })),
        timed(alice.say('call:ringing', { callId: randomUUID() })),
        timed(bob.say('sync')),
        timed(bob.say('device:state', { state: 'background' })),
      ]);
      const requests = await Promise.all([
        timed(gateway.http('/v1/calls', { token })),
        timed(gateway.http(`/v1/calls/${answered}/end?deviceId=x`, { token, method: 'POST' })),
        timed(gateway.http('/v1/devices/web', { token, method: 'PUT', body: { platform: 'web' } })),
        timed(gateway.http('/v1/presence?userIds=bob', { token })),
      ]);
      for (const answer of await commands) {
        expect(answer).toMatchObject(unavailable);
        expect(answer.ms).toBeLessThan(PROMISED_MS);
      }
      for (const { status, body, ms } of requests) {
        expect({ status, code: body.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
        expect(ms).toBeLessThan(PROMISED_MS);
      }
      expect((await gateway.http('/health/live')).status).toBe(200);

      await comeBack();
      const repeated = await eventually(
        () => alice.say('call:initiate', initiation).then(noted),
        ({ ok }) => ok,
      );
      expect(repeated.call.callId).toBe(callId);
      // The cancel that was UNAVAILABLE may have been carried out all the same; then nobody rings.
      const told = repeated.call.state === 'initiated' ? 'call:incoming' : 'call:cancelled';
      await bob.hears(told, ({ call }) => call.callId === callId);
      const ended = await eventually(
        () => bob.say('call:end', { callId: answered }).then(noted),
        ({ ok }) => ok,
      );
      expect(ended.call).toMatchObject({ state: 'ended', outcome: 'completed' });
      noted(await alice.say('call:cancel', { callId }));
      // Who came meanwhile was let in and is synced now.
      (await newcomer).disconnect();
      await eventually(ready, ({ status }) => status === 200);
      for (const phone of [alice, bob]) expect(phone.all('disconnect')).toEqual([]);
      const again = await gateway.http('/v1/devices/web', {
        token,
        method: 'PUT',
        body: { platform: 'web' },
      });
      expect(again.status).toBe(200);
    },
  );

  it('readiness says so within 2 s, and names it', async () => {
    const comeBack = await postgres.freeze();
    const asked = await Promise.all(Array.from({ length: 20 }, () => timed(ready())));
    for (const { status, body, ms } of asked) {
      expect(status).toBe(503);
      expect(body).toMatchObject({ status: 'down', parts: { postgres: { status: 'down' } } });
      expect(ms).toBeLessThan(PROMISED_MS);
    }
    comeBack();
    await eventually(ready, ({ status }) => status === 200);
  });

  it('connections that went silent are replaced, also those TypeORM holds', async () => {
    const put = (): Promise<HttpAnswer> =>
      gateway.http('/v1/devices/web', { token, method: 'PUT', body: { platform: 'web' } });
    await Promise.all(Array.from({ length: 5 }, put));
    postgres.wire.strand();
    const allOfThem = (): Promise<HttpAnswer[]> => Promise.all(Array.from({ length: 5 }, put));
    await eventually(allOfThem, (answers) => answers.some(({ status }) => status === 200));
    // No connection of before is handed out again: one would be enough to keep somebody waiting.
    const answers = await Promise.all(Array.from({ length: 10 }, put));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(200));
    await eventually(
      () => alice.say('sync'),
      ({ ok }) => ok,
    );
  });

  it('who leaves is not taken for somebody who is there', async () => {
    const carol = await gateway.phone('carol');
    const presence = async (): Promise<string> =>
      (await gateway.http('/v1/presence?userIds=carol', { token })).text;
    await eventually(presence, (text) => text.includes('online'));
    const comeBack = postgres.wire.refuse();
    carol.disconnect();
    await eventually(ready, ({ status }) => status === 503);
    await comeBack();
    await eventually(presence, (text) => text.includes('unreachable'));
  });

  it('who stays is still there, also when the other nodes have given this one up', async () => {
    const presence = async (): Promise<string> =>
      (await gateway.http('/v1/presence?userIds=bob', { token })).text;
    const other = new pg.Client(postgres.url);
    await other.connect();
    await other.query('delete from nodes; delete from sessions');
    await other.end();
    expect(await presence()).toContain('unreachable');
    await eventually(presence, (text) => text.includes('online'));
  });

  it('nothing is lost that was acknowledged', async () => {
    expect(acknowledged.size).toBeGreaterThanOrEqual(2 * ABSENCES.length);
    for (const [callId, version] of acknowledged) {
      const { body } = await gateway.http(`/v1/calls/${callId}`, { token });
      expect(body.version).toBeGreaterThanOrEqual(version);
    }
  });
});
