import { GatewayChild } from '../../test/support/gateway-child.js';
import { type TestDatabase, freshDatabase } from '../../test/support/database.js';
import { type Apps, SECRET, apps, tokenFor } from './apps.js';
import { happens } from './happens.js';

describe('apps at a gateway that is', () => {
  let database: TestDatabase;
  let gateway: GatewayChild;
  let url: string;
  let running: Apps;

  const start = async (port: string): Promise<string> => {
    const settings = { NODE_ENV: 'test', AUTH_SECRET: SECRET, HOST: '127.0.0.1', RING_TIMEOUT_MS: '60000' };
    gateway = new GatewayChild({ ...settings, PORT: port, DATABASE_URL: database.url });
    return gateway.ready();
  };
  beforeAll(async () => {
    database = await freshDatabase();
    url = await start('0');
    running = apps({ url, token: (userId) => tokenFor(userId) });
  });
  afterEach(() => running.close());
  afterAll(async () => {
    await gateway.send('SIGKILL');
    await database.drop();
  });

  it.each([
    ['killed', 'SIGKILL'],
    ['drained', 'SIGTERM'],
  ] as const)('%s in mid-ring come back by themselves, and see the truth', async (_, signal) => {
    const patient = { deadlineMs: 60_000 };
    const [alice, bob] = [await running.online('alice', patient), await running.online('bob', patient)];
    const incoming = happens(bob, 'incoming');
    const outgoing = alice.call({ callee: 'bob', media: 'video' });
    const [call] = await incoming;
    await call.ringing();
    const incomings: unknown[] = [];
    bob.on('incoming', (again) => incomings.push(again));

    await gateway.send(signal);
    // Said into the void, and heard when somebody is there again.
    const answering = call.answer();
    await start(new URL(url).port);
    await answering;
    if (outgoing.state !== 'answered') {
      await happens(outgoing, 'change', ({ state }) => state === 'answered');
    }
    expect(outgoing.view).toMatchObject({ answeredBy: 'bob-sdk' });
    // The call that rang before is the same one, not another that rings.
    expect(incomings).toEqual([]);
    const ended = happens(call, 'ended');
    await outgoing.end();
    expect(await ended).toMatchObject([{ outcome: 'completed' }]);
  });
});
