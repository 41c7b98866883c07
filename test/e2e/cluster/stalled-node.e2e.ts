import pg from 'pg';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { type TestGateway, eventually, testGateway } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';

const RING_MS = 500;

/** Found by the nemesis: two commands, of which the database holds the earlier one up. */
describe('while the database holds up what was decided', () => {
  let database: TestDatabase;
  let one: TestGateway;
  let two: TestGateway;
  let observer: pg.Client;
  beforeAll(async () => {
    database = await freshDatabase();
    one = await testGateway({ RING_TIMEOUT_MS: String(RING_MS) }, database);
    two = await testGateway({ RING_TIMEOUT_MS: String(RING_MS) }, database);
    observer = new pg.Client(database.url);
    await observer.connect();
  });
  afterAll(async () => {
    await observer.end();
    await Promise.all([one.stop(), two.stop()]);
    await database.drop();
  });

  /** Nobody can append, or even read, until the returned function is called. */
  async function holdUp(mode: 'share row exclusive' | 'access exclusive'): Promise<() => Promise<void>> {
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(`begin; lock table events in ${mode} mode`);
    return () => client.end();
  }
  const waiting = (): Promise<unknown> =>
    eventually(
      () =>
        observer.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      ({ rowCount }) => (rowCount ?? 0) > 0,
    );

  it('an answer given in time wins, and nobody was told before that the ring is over', async () => {
    const alice = await one.phone('alice');
    const bob = await one.phone('bob');
    const tablet = await two.phone('bob', { deviceId: 'tablet' });
    const callId = await alice.calls('bob');
    const { call } = await bob.hears('call:incoming');
    const release = await holdUp('share row exclusive');
    const inTime = bob.say('call:answer', { callId });
    await waiting();
    await eventually(
      async () => Date.now(),
      (now) => now > Date.parse(call.ringExpiresAt) + 50,
    );
    const late = tablet.say('call:answer', { callId });
    await tablet.caughtUp();
    await release();
    const [won, lost] = await Promise.all([inTime, late]);
    const answered = (await one.recorded(callId, 'alice')).includes('CallAnswered');
    if (won.ok) expect(answered).toBe(true);
    // A slow machine may have lost the answer to PostgreSQL's deadline; what the tablet was told is true all the same.
    expect(lost).toMatchObject({
      ok: false,
      error: { code: answered ? 'ANSWERED_ELSEWHERE' : 'CALL_ALREADY_ENDED' },
    });
  });

  it('what a device said on its last connection does not come after what it says on the next one', async () => {
    const carol = await one.phone('carol');
    const dave = await one.phone('dave');
    const callId = await carol.calls('dave');
    await dave.say('call:answer', { callId });
    const release = await holdUp('access exclusive');
    const mistaken = carol.say('call:cancel', { callId });
    const early = carol.say('call:signal', { callId, signal: 'early' }); // waits for its turn behind the cancel
    await waiting();
    const token = await one.token('carol');
    const again = new Phone({ url: one.url, userId: 'carol', token, deviceId: carol.deviceId });
    await carol.hears('session:replaced');
    expect(await again.say('call:signal', { callId, signal: 'late' })).toMatchObject({ ok: true });
    await release();
    await again.connected();
    await Promise.allSettled([mistaken, early]);
    await dave.caughtUp();
    expect(dave.all('call:signal').map(({ signal }) => signal as string)).toEqual(['late']);
    again.disconnect();
  });
});
