import { apnsSettings, ApnsServer } from './apns/apns-server.js';
import { createAuthority } from './transport/certificates.js';
import { Credentials } from './core/credentials.js';
import { Deliveries } from './delivery/inbox.js';
import { Desk } from './core/request-pipeline.js';
import { DeviceModel } from './delivery/delivery-model.js';
import { FcmServer } from './fcm/fcm-server.js';
import { Faults } from './core/faults.js';
import { Journal, type ServiceName, serviceNames } from './core/request-log.js';
import { Manners } from './core/sender-lint.js';
import type { Parts } from './simulation/context.js';
import { adjust, type PolicyPatch, strictPolicy } from './core/policy.js';
import { Registry } from './delivery/device-registry.js';
import { type Clock, SimulatorClock, systemClock } from './core/clock.js';
import { TlsListener } from './transport/tls-listener.js';
import { TokenEndpoint } from './oauth/token-endpoint.js';

export interface PushSimulatorOptions {
  clock?: Clock;
  /** Where the services listen; 127.0.0.1. The control API never leaves the loopback interface. */
  host?: string;
  /** 0, the default, is any free port. */
  ports?: { apnsProduction?: number; apnsSandbox?: number; fcm?: number; token?: number; control?: number };
  policy?: PolicyPatch;
  /** How many requests the log keeps; 10,000. */
  logLimit?: number;
}

export type Services = {
  'apns-production': ApnsServer;
  'apns-sandbox': ApnsServer;
  fcm: FcmServer;
  token: TokenEndpoint;
};

export type Listeners = Record<ServiceName, TlsListener>;

/** A simulator put together, not listening yet. */
export interface Assembly extends Parts {
  host: string;
  ca: string;
  deliveries: Deliveries;
  services: Services;
  listeners: Listeners;
}

/** The hosts each certificate is made out to, beside the address it is really reached at. */
const hostNames: Record<ServiceName, string[]> = {
  'apns-production': ['api.push.apple.com'],
  // The second is an old name that some clients still use.
  'apns-sandbox': ['api.sandbox.push.apple.com', 'api.development.push.apple.com'],
  fcm: ['fcm.googleapis.com'],
  token: ['oauth2.googleapis.com'],
};

export async function assemble(options: PushSimulatorOptions): Promise<Assembly> {
  const { host = '127.0.0.1', ports = {} } = options;
  const authority = await createAuthority();
  const stranger = await createAuthority('Nobody you know');
  const untrusted = await stranger.issue(['localhost', '127.0.0.1']);
  const certificates = await Promise.all(
    serviceNames.map((name) =>
      authority.issue([...hostNames[name], ...new Set(['localhost', '127.0.0.1', '::1', host])]),
    ),
  );

  const clock = new SimulatorClock(options.clock ?? systemClock);
  const policy = strictPolicy();
  adjust(policy, options.policy ?? {});
  const journal = new Journal(clock, options.logLimit);
  const deliveries = new Deliveries();
  const faults = new Faults((service, down) =>
    down ? listeners[service].close() : listeners[service].open(),
  );
  const manners = new Manners(clock, journal);
  const parts: Parts = {
    clock,
    policy,
    journal,
    faults,
    manners,
    desk: new Desk(journal, faults, manners),
    registry: new Registry(clock),
    credentials: new Credentials(clock),
    devices: new DeviceModel({ clock, journal, policy, deliveries }),
  };
  const services: Services = {
    'apns-production': new ApnsServer('production', parts),
    'apns-sandbox': new ApnsServer('sandbox', parts),
    fcm: new FcmServer(parts),
    token: new TokenEndpoint(parts),
  };

  let connections = 0;
  const listen = (service: ServiceName, port = 0): TlsListener => {
    const isApns = service !== 'fcm' && service !== 'token';
    return new TlsListener(
      {
        host,
        port,
        certificate: certificates[serviceNames.indexOf(service)] ?? untrusted,
        untrusted,
        http1: !isApns,
        settings: () => (isApns ? apnsSettings : { maxConcurrentStreams: policy.fcm.maxConcurrentStreams }),
        nextConnectionId: () => ++connections,
      },
      services[service],
    );
  };
  const listeners: Listeners = {
    'apns-production': listen('apns-production', ports.apnsProduction),
    'apns-sandbox': listen('apns-sandbox', ports.apnsSandbox),
    fcm: listen('fcm', ports.fcm),
    token: listen('token', ports.token),
  };
  return { ...parts, host, ca: authority.ca, deliveries, services, listeners };
}
