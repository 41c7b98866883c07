import { PushSimulator } from 'ringway-simulator';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { request } from '../../support/gateway.js';
import { Phone } from '../../support/phone.js';
import { BUNDLE, pushSettings } from '../../support/pushing.js';
import { GatewayChild } from '../../support/gateway-child.js';

/** A node's lease is 15 seconds. */
const LEASE_MS = 15_000;

describe('a node that is killed beside another one', () => {
  let simulator: PushSimulator;
  let database: TestDatabase;
  const nodes: GatewayChild[] = [];
  const urls: string[] = [];
  const phones: Phone[] = [];

  beforeAll(async () => {
    simulator = await PushSimulator.start();
    database = await freshDatabase();
    const push = await pushSettings(simulator);
    for (let nr = 0; nr < 2; nr++) {
      nodes.push(new GatewayChild({ NODE_ENV: 'test', DEMO: '1', DATABASE_URL: database.url, ...push }));
    }
    urls.push(...(await Promise.all(nodes.map((node) => node.ready()))));
  });
  afterAll(async () => {
    for (const phone of phones) phone.disconnect();
    for (const node of nodes) await node.send('SIGKILL');
    await simulator.stop();
    await database.drop();
  });

  const tokenOf = async (userId: string): Promise<string> =>
    (await request(urls[1]!, '/v1/dev/tokens', { body: { userId } })).body.token;
  const phone = async (userId: string, node: number): Promise<Phone> => {
    const token = await tokenOf(userId);
    const made = new Phone({ url: urls[node]!, userId, token, deviceId: `${userId}-phone` });
    phones.push(made);
    await made.connected();
    return made;
  };

  it('leaves its jobs to the other, which wakes the phone, and its devices are online no longer than its lease', async () => {
    const [alice] = [await phone('alice', 0), await phone('dave', 0)];
    const [asBob, asCarol] = [await tokenOf('bob'), await tokenOf('carol')];
    const { token } = simulator.registerIosDevice({ bundleId: BUNDLE, environment: 'sandbox' });
    const body = { platform: 'ios', voipToken: token, apnsEnvironment: 'sandbox', bundleId: BUNDLE };
    await request(urls[1]!, '/v1/devices/iphone', { method: 'PUT', body, token: asBob });

    // Whatever is on its way to Apple at the kill gets lost there.
    simulator.inject({ service: 'apns-sandbox', fault: { kind: 'outage' } });
    const callId = await alice.calls('bob');
    await nodes[0]!.send('SIGKILL');
    const killedAt = performance.now();
    simulator.clearFaults();
    expect((await simulator.nextDelivery(token, 10_000)).payload).toMatchObject({ callId });

    const again = await phone('alice', 1);
    expect(await again.hears('sync')).toMatchObject({ calls: [{ callId, state: 'initiated' }] });
    expect(await again.say('call:cancel', { callId })).toMatchObject({ ok: true });

    const reachable = async (): Promise<unknown> =>
      (await request(urls[1]!, '/v1/presence?userIds=dave', { token: asCarol })).body;
    for (;;) {
      const looked = performance.now();
      const [{ reachable: seen }] = (await reachable()) as [{ reachable: string }];
      if (seen === 'unreachable') break;
      expect(looked - killedAt).toBeLessThan(LEASE_MS + 1_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const carol = await phone('carol', 1);
    const toNobody = await carol.calls('dave');
    await carol.hears('call:failed', ({ call }) => call.callId === toNobody);
  });
});
