import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Options } from './options.js';
import { PushSimulator } from './push-simulator.js';

/**
 * Starts the simulator on its own, writes what a sender needs to files, and says where everything is: the authority to
 * trust, an APNs key, a service account, and all of it as the settings of a Ringway gateway. Keys are new at every start.
 */
export async function startStandalone(
  { host, ports, bundleIds, caFile }: Options,
  say: (text: string) => void,
): Promise<PushSimulator> {
  const simulator = await PushSimulator.start({ host, ports });
  const ca = resolve(caFile);
  const folder = dirname(ca);
  const files: Files = {
    ca,
    apnsKey: join(folder, 'simulator-apns-key.p8'),
    serviceAccount: join(folder, 'simulator-service-account.json'),
    settings: `${ca.replace(/\.pem$/, '')}.env`,
  };
  const settings = Object.entries(simulator.gatewaySettings(bundleIds, ca));
  const secret = { mode: 0o600 };
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(files.ca, simulator.ca);
    writeFileSync(files.apnsKey, simulator.apnsKey.key, secret);
    writeFileSync(files.serviceAccount, `${JSON.stringify(simulator.serviceAccount, null, 2)}\n`, secret);
    const lines = settings.map(([name, value]) => `export ${name}='${value}'\n`);
    writeFileSync(files.settings, lines.join(''), secret);
  } catch (error) {
    await simulator.stop();
    throw error;
  }
  say(guide(simulator, bundleIds[0] ?? '', files));
  return simulator;
}

interface Files {
  ca: string;
  apnsKey: string;
  serviceAccount: string;
  settings: string;
}

function guide(
  { origins, apnsKey, serviceAccount }: PushSimulator,
  bundleId: string,
  { ca, apnsKey: keyFile, serviceAccount: accountFile, settings }: Files,
): string {
  const json = "-H 'content-type: application/json'";
  return `APNs production  ${origins.apnsProduction}
APNs sandbox     ${origins.apnsSandbox}
FCM              ${origins.fcm}
Google tokens    ${origins.tokenUri}
control API      ${origins.control}

CA to trust      ${ca}
APNs key         ${keyFile}
                 key id ${apnsKey.keyId}, team id ${apnsKey.teamId}
service account  ${accountFile}
                 project ${serviceAccount.project_id}
for Ringway      . ${settings}

an iPhone:       curl ${origins.control}/devices ${json} \\
                   -d '{"platform":"ios","bundleId":"${bundleId}","environment":"sandbox"}'
its next push:   curl '${origins.control}/devices/TOKEN/next?timeoutMs=60000'
a fault:         curl ${origins.control}/faults ${json} \\
                   -d '{"service":"apns-sandbox","times":1,"fault":{"kind":"answer","status":503,"reason":"ServiceUnavailable"}}'
everything else: curl ${origins.control}/`;
}
