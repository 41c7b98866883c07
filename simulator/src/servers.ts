import { isIPv6 } from 'node:net';
import { apnsSettings, ApnsServer } from './apns/apns-server.js';
import { type ServiceName, serviceNames } from './core/services.js';
import { FcmServer } from './fcm/fcm-server.js';
import { TokenEndpoint } from './oauth/token-endpoint.js';
import type { Context } from './simulation/context.js';
import type { SimulatedServers } from './simulation/simulation.js';
import { createAuthority } from './transport/certificates.js';
import { TlsListener } from './transport/tls-listener.js';

export interface ServerOptions {
  /** Where the services listen; 127.0.0.1. The control API never leaves the loopback interface. */
  host?: string;
  /** 0, the default, is any free port. */
  ports?: { apnsProduction?: number; apnsSandbox?: number; fcm?: number; token?: number; control?: number };
}

type Services = {
  'apns-production': ApnsServer;
  'apns-sandbox': ApnsServer;
  fcm: FcmServer;
  token: TokenEndpoint;
};
type Listeners = Record<ServiceName, TlsListener>;

/** The hosts each certificate is made out to, beside the address it is really reached at. */
const hostNames: Record<ServiceName, string[]> = {
  'apns-production': ['api.push.apple.com'],
  // The second is an old name that some clients still use.
  'apns-sandbox': ['api.sandbox.push.apple.com', 'api.development.push.apple.com'],
  fcm: ['fcm.googleapis.com'],
  token: ['oauth2.googleapis.com'],
};

/** Both APNs environments, FCM and Google's token endpoint, each on a TLS port of its own. */
export class Servers implements SimulatedServers {
  private constructor(
    readonly ca: string,
    private readonly host: string,
    private readonly services: Services,
    private readonly listeners: Listeners,
  ) {}

  /** Makes certificates and servers; nothing listens yet. */
  static async create(context: Context, { host = '127.0.0.1', ports = {} }: ServerOptions): Promise<Servers> {
    const authority = await createAuthority();
    const unknownAuthority = await createAuthority('Nobody you know');
    const untrusted = await unknownAuthority.issue(['localhost', '127.0.0.1']);
    const services: Services = {
      'apns-production': new ApnsServer('production', context),
      'apns-sandbox': new ApnsServer('sandbox', context),
      fcm: new FcmServer(context),
      token: new TokenEndpoint(context),
    };

    let connections = 0;
    const listener = async (service: ServiceName, port = 0): Promise<TlsListener> => {
      const isApns = service !== 'fcm' && service !== 'token';
      const names = [...hostNames[service], ...new Set(['localhost', '127.0.0.1', '::1', host])];
      return new TlsListener(
        {
          host,
          port,
          certificate: await authority.issue(names),
          untrusted,
          http1: !isApns,
          settings: () =>
            isApns ? apnsSettings : { maxConcurrentStreams: context.policy.fcm.maxConcurrentStreams },
          nextConnectionId: () => ++connections,
        },
        services[service],
      );
    };
    return new Servers(authority.ca, host, services, {
      'apns-production': await listener('apns-production', ports.apnsProduction),
      'apns-sandbox': await listener('apns-sandbox', ports.apnsSandbox),
      fcm: await listener('fcm', ports.fcm),
      token: await listener('token', ports.token),
    });
  }

  async open(): Promise<void> {
    for (const listener of Object.values(this.listeners)) await listener.open();
    this.services.token.audiences.unshift(`${this.origin('token')}/token`);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.listeners).map((listener) => listener.close()));
  }

  /** For an outage: nobody listens on the port while it lasts. */
  setDown(service: ServiceName, down: boolean): Promise<void> {
    const listener = this.listeners[service];
    return down ? listener.close() : listener.open();
  }

  origin(service: ServiceName): string {
    const host = isIPv6(this.host) ? `[${this.host}]` : this.host;
    return `https://${host}:${this.listeners[service].port}`;
  }

  dropConnections(service: ServiceName): void {
    this.listeners[service].dropConnections();
  }

  connections(): Record<ServiceName, number> {
    const counts = serviceNames.map((name) => [name, this.listeners[name].connections.size]);
    return Object.fromEntries(counts) as Record<ServiceName, number>;
  }

  resetCounters(): void {
    for (const service of Object.values(this.services)) service.resetCounters();
  }
}
