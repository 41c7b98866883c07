import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PushSimulator } from 'ringway-simulator';
import { type TestGateway, testGateway } from './gateway.js';
import { TcpProxy } from './tcp-proxy.js';

export const BUNDLE = 'com.example.app';

export interface PushingGateway extends TestGateway {
  simulator: PushSimulator;
  /** The wire to APNs sandbox, where a test asked for one that can be silenced. */
  apnsWire: TcpProxy | null;
  /** Registers an iPhone of this user: known to the simulator in one environment, declared to the gateway maybe in another. */
  iphone(userId: string, options?: IphoneOptions): Promise<{ token: string; deviceId: string }>;
  android(userId: string, options?: { deviceId?: string }): Promise<{ token: string; deviceId: string }>;
  /** Waits until the explanation or timeline says what a test expects. */
  eventually<T>(look: () => Promise<T>, good: (value: T) => boolean): Promise<T>;
  timeline(
    callId: string,
    as: string,
  ): Promise<{ type: string; stream: string; data: Record<string, unknown> }[]>;
}

export interface IphoneOptions {
  environment?: 'sandbox' | 'production';
  declared?: 'sandbox' | 'production';
  deviceId?: string;
  bundleId?: string;
}

/** The settings that point a gateway at a simulator. */
export async function pushSettings(simulator: PushSimulator): Promise<Record<string, string>> {
  const caFile = join(await mkdtemp(join(tmpdir(), 'ringway-ca-')), 'ca.pem');
  await writeFile(caFile, simulator.ca);
  const { apnsKey, serviceAccount, origins } = simulator;
  return {
    APNS_APPS: JSON.stringify([{ bundleId: BUNDLE, environment: 'both', ...apnsKey }]),
    FCM_APPS: JSON.stringify([{ projectId: serviceAccount.project_id, serviceAccount }]),
    ...{ APNS_ORIGIN_PRODUCTION: origins.apnsProduction, APNS_ORIGIN_SANDBOX: origins.apnsSandbox },
    ...{ FCM_ORIGIN: origins.fcm, PUSH_CA_FILE: caFile },
  };
}

/** A gateway with Apple and Google beside it. */
export async function pushingGateway(
  env: Record<string, string> = {},
  { slowApns = false } = {},
): Promise<PushingGateway> {
  const simulator = await PushSimulator.start();
  const apnsWire = slowApns ? await TcpProxy.to(simulator.origins.apnsSandbox) : null;
  const wired: Record<string, string> = apnsWire ? { APNS_ORIGIN_SANDBOX: new URL(apnsWire.url).origin } : {};
  const gateway = await testGateway({ ...(await pushSettings(simulator)), ...wired, ...env });
  const register = async (userId: string, deviceId: string, body: object): Promise<void> => {
    const { status, body: answer } = await gateway.http(`/v1/devices/${deviceId}`, {
      as: userId,
      method: 'PUT',
      body,
    });
    if (status !== 200) throw new Error(`the device was not registered: ${JSON.stringify(answer)}`);
  };
  return {
    ...gateway,
    simulator,
    apnsWire,
    async iphone(
      userId,
      { environment = 'sandbox', declared = environment, deviceId, bundleId = BUNDLE } = {},
    ) {
      const id = deviceId ?? `iphone-${randomBytes(3).toString('hex')}`;
      const { token } = simulator.registerIosDevice({ bundleId, environment });
      const body = { platform: 'ios', voipToken: token, apnsEnvironment: declared, bundleId, name: 'iPhone' };
      await register(userId, id, body);
      return { token, deviceId: id };
    },
    async android(userId, { deviceId } = {}) {
      const id = deviceId ?? `pixel-${randomBytes(3).toString('hex')}`;
      const { token } = simulator.registerAndroidDevice({});
      await register(userId, id, { platform: 'android', fcmToken: token, name: 'Pixel' });
      return { token, deviceId: id };
    },
    async eventually(look, good) {
      const deadline = Date.now() + 10_000;
      for (;;) {
        const value = await look();
        if (good(value)) return value;
        if (Date.now() > deadline) throw new Error(`it never became so: ${JSON.stringify(value)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async timeline(callId, as) {
      return (await gateway.http(`/v1/calls/${callId}/events`, { as })).body.items;
    },
    async stop() {
      await gateway.stop();
      await apnsWire?.close();
      await simulator.stop();
    },
  };
}
