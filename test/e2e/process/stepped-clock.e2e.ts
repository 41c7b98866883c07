import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { PushSimulator } from 'ringway-simulator';
import { GatewayNode } from '../../nemesis/node.js';
import { type TestDatabase, freshDatabase } from '../../support/database.js';
import { eventually, request } from '../../support/gateway.js';
import { BUNDLE, pushSettings } from '../../support/pushing.js';

jest.setTimeout(60_000);

const HOUR_MS = 3_600_000;

describe("a gateway whose machine's clock is set", () => {
  let simulator: PushSimulator;
  let database: TestDatabase;
  let node: GatewayNode;
  beforeAll(async () => {
    simulator = await PushSimulator.start();
    database = await freshDatabase();
    node = await GatewayNode.make(0, {
      ...{ NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', DEMO: '1', DATABASE_URL: database.url },
      ...(await pushSettings(simulator)),
    });
    node.database.pointTo(Number(new URL(database.url).port));
    await node.start();
  });
  afterAll(async () => {
    await node.stop();
    await simulator.stop();
    await database.drop();
  });

  it('goes on waking phones, under the provider token Apple knows', async () => {
    const token = async (userId: string): Promise<string> =>
      (await request(node.url, '/v1/dev/tokens', { body: { userId } })).body.token;
    const [alice, bob] = [await token('alice'), await token('bob')];
    const iphone = simulator.registerIosDevice({ bundleId: BUNDLE, environment: 'sandbox' });
    const body = { platform: 'ios', voipToken: iphone.token, apnsEnvironment: 'sandbox', bundleId: BUNDLE };
    await request(node.url, '/v1/devices/iphone', { method: 'PUT', body, token: bob });

    for (const stepMs of [0, HOUR_MS, -HOUR_MS, 0]) {
      node.stepClock(stepMs);
      const callId = randomUUID();
      const call = { callId, callee: 'bob', media: 'voice' };
      expect((await request(node.url, '/v1/calls?deviceId=web', { body: call, token: alice })).status).toBe(
        201,
      );
      const push = await simulator.nextDelivery(iphone.token, 20_000);
      expect(push.payload).toMatchObject({ callId });
      const path = `/v1/calls/${callId}/cancel?deviceId=web`;
      await eventually(
        () => request(node.url, path, { method: 'POST', token: alice }),
        ({ status }) => status === 200,
      );
    }
    const answers = simulator.log
      .filter(({ service }) => service === 'apns-sandbox')
      .map(({ answered }) => answered);
    expect(answers).toEqual([200, 200, 200, 200]);
  });
});
