import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PushSimulator } from './push-simulator.js';

const port = (name: string, standard: number): number => {
  const text = process.env[name] ?? String(standard);
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new Error(`${name} must be a port, not '${text}'`);
  return value;
};
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  const simulator = await PushSimulator.start({
    host: process.env['SIM_HOST'] ?? '127.0.0.1',
    ports: {
      apnsProduction: port('SIM_APNS_PRODUCTION_PORT', 21_950),
      apnsSandbox: port('SIM_APNS_SANDBOX_PORT', 21_951),
      fcm: port('SIM_FCM_PORT', 21_952),
      token: port('SIM_TOKEN_PORT', 21_953),
      control: port('SIM_CONTROL_PORT', 21_954),
    },
  });
  const bundleIds = (process.env['SIM_BUNDLE_IDS'] ?? 'com.example.ringway').split(',');
  const caFile = resolve(process.env['SIM_CA_FILE'] ?? '.ringway/simulator-ca.pem');
  const envFile = caFile.replace(/(\.pem)?$/, '.env');
  const settings = Object.entries(simulator.gatewaySettings(bundleIds, caFile));
  const lines = settings.map(([name, value]) => `export ${name}='${value}'`).join('\n');
  mkdirSync(dirname(caFile), { recursive: true });
  writeFileSync(caFile, simulator.ca);
  writeFileSync(envFile, `${lines}\n`, { mode: 0o600 });

  const { origins } = simulator;
  say('Apple and Google on your desk');
  say(`  APNs production  ${origins.apnsProduction}`);
  say(`  APNs sandbox     ${origins.apnsSandbox}`);
  say(`  FCM              ${origins.fcm}`);
  say(`  Google tokens    ${origins.tokenUri}`);
  say(`  control          ${origins.control}`);
  say(`  CA to trust      ${caFile}`);
  say(`\nSettings for a gateway (also in ${envFile}; new keys at every start):\n\n${lines}`);
  say(`
A sleeping iPhone:  curl -s ${origins.control}/devices -H 'content-type: application/json' \\
                      -d '{"platform":"ios","bundleId":"${bundleIds[0] ?? ''}","environment":"sandbox"}'
its next push:      curl -s '${origins.control}/devices/TOKEN/next?timeoutMs=60000'
a fault:            curl -s ${origins.control}/faults -H 'content-type: application/json' \\
                      -d '{"service":"apns-sandbox","times":1,"fault":{"kind":"answer","status":503,"reason":"ServiceUnavailable"}}'
everything else:    curl -s ${origins.control}/`);

  const stop = (): void => {
    void simulator.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `The push simulator did not start: ${error instanceof Error ? error.message : 'unknown'}\n`,
  );
  process.exit(1);
});
