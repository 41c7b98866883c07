import { isIPv6 } from 'node:net';
import { DemoPhones, type PushSimulator, VirtualAndroid, VirtualIphone } from 'ringway-simulator';
import type { Config } from '../config/config.js';
import type { Log } from '../log/log.js';

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

/** Somebody to call in the demo. */
export interface Cast {
  /** What the console says once they can be called; null when none of them can. Never rejects. */
  ready: Promise<string | null>;
  stop(): Promise<void>;
}

/** Where the cast can be seen and played with. */
export const emptyBoard = (log: Log): DemoPhones =>
  new DemoPhones((error) => log.warn('a virtual phone could not be looked at', { error }));

/** A few sleeping phones that register with the gateway at this address, ring when they are called, and answer. */
export function startCast(
  { simulator, board }: { simulator: PushSimulator; board: DemoPhones },
  at: { host: string; port: number },
  log: Log,
): Cast {
  let stopped = false;
  const failed = (error: unknown): void => {
    if (!stopped) log.warn('a virtual phone failed', { error });
  };
  const somebody = (name: string, phone: string) => {
    const userId = name.toLowerCase();
    const deviceId = `${userId}-demo`;
    return { simulator, gateway: urlOf(at), userId, deviceId, name: `${name}'s ${phone}`, onError: failed };
  };
  const cast = [
    {
      what: 'iPhone, debug build',
      phone: new VirtualIphone({ ...somebody('Ivy', 'iPhone'), bundleId: DEMO_BUNDLE_ID, build: 'debug' }),
    },
    {
      what: 'iPhone, App Store build',
      phone: new VirtualIphone({
        ...somebody('Sam', 'iPhone'),
        bundleId: DEMO_BUNDLE_ID,
        build: 'app-store',
      }),
    },
    { what: 'Android', phone: new VirtualAndroid(somebody('Ada', 'Android')) },
  ];
  const register = async ({ what, phone }: (typeof cast)[number]): Promise<string[]> => {
    try {
      return (await board.switchOn(phone)) ? [`${phone.userId} (${what})`] : [];
    } catch (error) {
      failed(error);
      return [];
    }
  };
  for (const { phone } of cast) board.add(phone);
  return {
    ready: Promise.all(cast.map(register)).then((registered) => invitation(registered.flat())),
    async stop() {
      stopped = true;
      board.close();
      await Promise.all(cast.map(({ phone }) => phone.stop()));
    },
  };
}

function invitation(names: string[]): string | null {
  if (names.length === 0) return null;
  const list = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names);
  return `Call ${list}: they are asleep and will be woken`;
}

/** Where this machine reaches a gateway that listens there. */
function urlOf({ host, port }: { host: string; port: number }): string {
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
