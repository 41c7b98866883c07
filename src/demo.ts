import type { Config } from './config.js';
import { PushSimulator } from './simulator/push-simulator.js';

/** The app of the virtual phones. */
export const DEMO_BUNDLE_ID = 'app.ringway.demo';

/** Apple and Google on your desk: in demo mode without keys of one's own, pushes go to the simulator. */
export const wantsSimulator = ({ demo, push }: Config): boolean =>
  demo && push.apnsApps.length === 0 && push.fcmApps.length === 0;

/** The settings for a gateway that pushes to this simulator. */
export function pushesTo({ apnsKey, serviceAccount, origins, ca }: PushSimulator): Config['push'] {
  const app = { bundleId: DEMO_BUNDLE_ID, ...apnsKey };
  return {
    apnsApps: [
      { ...app, environment: 'production' },
      { ...app, environment: 'sandbox' },
    ],
    fcmApps: [
      {
        projectId: serviceAccount.project_id,
        clientEmail: serviceAccount.client_email,
        privateKey: serviceAccount.private_key,
        tokenUri: serviceAccount.token_uri,
      },
    ],
    origins: { apnsProduction: origins.apnsProduction, apnsSandbox: origins.apnsSandbox, fcm: origins.fcm },
    ca,
  };
}
