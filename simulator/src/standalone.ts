import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PushSimulator } from './push-simulator.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The simulator on its own: ports from the environment, the CA and a gateway's settings written to files. */
export async function startStandalone(env: Environment, say: (text: string) => void): Promise<PushSimulator> {
  const simulator = await PushSimulator.start({
    host: env['SIM_HOST'] ?? '127.0.0.1',
    ports: {
      apnsProduction: port(env, 'SIM_APNS_PRODUCTION_PORT', 21_950),
      apnsSandbox: port(env, 'SIM_APNS_SANDBOX_PORT', 21_951),
      fcm: port(env, 'SIM_FCM_PORT', 21_952),
      token: port(env, 'SIM_TOKEN_PORT', 21_953),
      control: port(env, 'SIM_CONTROL_PORT', 21_954),
    },
  });
  const bundleIds = (env['SIM_BUNDLE_IDS'] ?? 'com.example.ringway').split(',').filter(Boolean);
  const caFile = resolve(env['SIM_CA_FILE'] ?? '.ringway/simulator-ca.pem');
  const settingsFile = `${caFile.replace(/\.pem$/, '')}.env`;
  const settings = Object.entries(simulator.gatewaySettings(bundleIds, caFile))
    .map(([name, value]) => `export ${name}='${value}'`)
    .join('\n');
  try {
    mkdirSync(dirname(caFile), { recursive: true });
    writeFileSync(caFile, simulator.ca);
    writeFileSync(settingsFile, `${settings}\n`, { mode: 0o600 });
  } catch (error) {
    await simulator.stop();
    throw error;
  }
  say(guide(simulator, { bundleId: bundleIds[0] ?? '', caFile, settingsFile, settings }));
  return simulator;
}

function port(env: Environment, name: string, standard: number): number {
  const text = env[name] ?? String(standard);
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new Error(`${name} must be a port, not '${text}'`);
  return Number(text);
}

function guide(
  { origins }: PushSimulator,
  written: { bundleId: string; caFile: string; settingsFile: string; settings: string },
): string {
  const { bundleId, caFile, settingsFile, settings } = written;
  const json = "-H 'content-type: application/json'";
  return `Apple and Google on your desk
  APNs production  ${origins.apnsProduction}
  APNs sandbox     ${origins.apnsSandbox}
  FCM              ${origins.fcm}
  Google tokens    ${origins.tokenUri}
  control          ${origins.control}
  CA to trust      ${caFile}

Settings for a gateway; new keys at every start. They are in ${settingsFile} as well:

${settings}

a sleeping iPhone:  curl ${origins.control}/devices ${json} \\
                      -d '{"platform":"ios","bundleId":"${bundleId}","environment":"sandbox"}'
its next push:      curl '${origins.control}/devices/TOKEN/next?timeoutMs=60000'
a fault:            curl ${origins.control}/faults ${json} \\
                      -d '{"service":"apns-sandbox","times":1,"fault":{"kind":"answer","status":503,"reason":"ServiceUnavailable"}}'
everything else:    curl ${origins.control}/`;
}
