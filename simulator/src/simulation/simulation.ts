import type { Assembly } from '../assembly.js';
import type { ApnsKeyFile, ApnsKeyOptions, ServiceAccountFile } from '../core/credentials.js';
import type { DeliveredPush } from '../delivery/inbox.js';
import type { InjectedFault, Injection } from '../core/faults.js';
import type { LogEntry, ServiceName, Violation } from '../core/request-log.js';
import { adjust, type Policy, type PolicyPatch } from '../core/policy.js';
import type {
  AndroidRegistration,
  Device,
  IosRegistration,
  PhoneState,
} from '../delivery/device-registry.js';
import type { SimulatorClock } from '../core/clock.js';

export interface Origins {
  apnsProduction: string;
  apnsSandbox: string;
  fcm: string;
  tokenUri: string;
  control: string;
}

export interface Registered {
  token: string;
  /** Given to another registration, it puts a second token on the same phone. */
  phone: string;
}

/** Everything that can be done to the simulated world, and seen of it. */
export class Simulation {
  /** PEM of the authority to trust. */
  readonly ca: string;
  readonly origins: Origins;
  /** A team key good for both environments and every topic. */
  readonly apnsKey: ApnsKeyFile;
  /** A service account of the Firebase project `ringway-demo`. */
  readonly serviceAccount: ServiceAccountFile;
  protected readonly assembly: Assembly;

  constructor(assembly: Assembly, origins: Origins) {
    this.assembly = assembly;
    this.ca = assembly.ca;
    this.origins = origins;
    this.apnsKey = assembly.credentials.createApnsKey();
    this.serviceAccount = assembly.credentials.createServiceAccount('ringway-demo', origins.tokenUri);
  }

  registerIosDevice(registration: IosRegistration): Registered {
    const { token, phone } = this.assembly.registry.registerIos(registration);
    return { token, phone: phone.id };
  }

  registerAndroidDevice(registration: AndroidRegistration = {}): Registered & { fid: string } {
    const { token, phone, fid } = this.assembly.registry.registerAndroid(registration);
    return { token, phone: phone.id, fid };
  }

  devices(): readonly Device[] {
    return this.assembly.registry.all();
  }

  /** Changes the phone that holds this token: on or off the air, app state, iOS version, … */
  setPhone(token: string, state: PhoneState): void {
    const { phone } = this.assembly.registry.device(token);
    Object.assign(phone, state);
    this.assembly.devices.phoneChanged(phone);
  }

  /** The app was removed: APNs says 410 with this timestamp (ms, default now), FCM 404 UNREGISTERED. */
  unregister(token: string, at?: number): void {
    this.assembly.registry.setStatus(token, 'unregistered', at);
  }

  /** As `unregister`, with APNs' reason ExpiredToken. */
  expire(token: string, at?: number): void {
    this.assembly.registry.setStatus(token, 'expired', at);
  }

  /** The same token is good again, and the system has forgiven what the app did. */
  reregister(token: string): void {
    this.assembly.registry.setStatus(token, 'active');
    this.assembly.devices.forgive(this.assembly.registry.device(token));
  }

  /** As if the token had never been given out. */
  forget(token: string): void {
    this.assembly.registry.forget(token);
  }

  /** The app did not report a VoIP push as a call, or showed nothing for a HIGH message: the system takes note. */
  appFailed(token: string): void {
    this.assembly.devices.appFailed(this.assembly.registry.device(token));
  }

  createApnsKey(options?: ApnsKeyOptions): ApnsKeyFile {
    return this.assembly.credentials.createApnsKey(options);
  }

  revokeApnsKey(keyId: string): void {
    const key = this.assembly.credentials.apnsKeys.get(keyId);
    if (key === undefined) throw new Error(`There is no APNs key '${keyId}'`);
    key.revoked = true;
  }

  createServiceAccount(projectId: string): ServiceAccountFile {
    return this.assembly.credentials.createServiceAccount(projectId, this.origins.tokenUri);
  }

  /** Google no longer knows the access tokens it granted: the next send is a 401. */
  revokeAccessTokens(): void {
    this.assembly.credentials.revokeAccessTokens();
  }

  inject(injection: Injection): InjectedFault {
    return this.assembly.faults.inject(injection);
  }

  clearFaults(service?: ServiceName): void {
    this.assembly.faults.clear(({ injection }) => service === undefined || injection.service === service);
  }

  get faults(): readonly InjectedFault[] {
    return this.assembly.faults.active;
  }

  /** Resolves when the ports of a cleared outage listen again. */
  listening(): Promise<void> {
    return this.assembly.faults.settled();
  }

  /** Drops every connection of a service, as a restart does. */
  restart(service: ServiceName): void {
    this.assembly.listeners[service].dropConnections();
  }

  get connections(): Readonly<Record<ServiceName, number>> {
    const { listeners } = this.assembly;
    return {
      'apns-production': listeners['apns-production'].connections.size,
      'apns-sandbox': listeners['apns-sandbox'].connections.size,
      fcm: listeners.fcm.connections.size,
      token: listeners.token.connections.size,
    };
  }

  get policy(): Readonly<Policy> {
    return this.assembly.policy;
  }

  adjust(patch: PolicyPatch): void {
    adjust(this.assembly.policy, patch);
  }

  /** The simulator's time; `advance` and `set` move it. */
  get clock(): SimulatorClock {
    return this.assembly.clock;
  }

  get log(): readonly LogEntry[] {
    return this.assembly.journal.entries;
  }

  get violations(): readonly Violation[] {
    return this.assembly.journal.violations;
  }

  /** Called with every request once it has been answered, or left without an answer on purpose. */
  onRequest(listener: (entry: LogEntry) => void): () => void {
    return this.assembly.journal.onRequest(listener);
  }

  /** Called with every push that reaches the app behind this token. Returns the way to stop listening. */
  onDelivery(token: string, listener: (push: DeliveredPush) => void): () => void {
    return this.assembly.deliveries.on(this.assembly.registry.device(token).token, listener);
  }

  /** The next push this has not returned yet, those that came before it was asked for included. */
  nextDelivery(token: string, timeoutMs = 5000): Promise<DeliveredPush> {
    return this.assembly.deliveries.next(this.assembly.registry.device(token).token, timeoutMs);
  }

  /** The last thousand pushes that reached this app, oldest first. */
  delivered(token: string): readonly DeliveredPush[] {
    return this.assembly.deliveries.of(this.assembly.registry.device(token).token);
  }

  /** `APNS_APPS`, `FCM_APPS` and where to send, for a gateway that is to push here. */
  gatewaySettings(bundleIds: readonly string[], caFile: string): Record<string, string> {
    const { apnsKey, serviceAccount, origins } = this;
    return {
      APNS_APPS: JSON.stringify(bundleIds.map((bundleId) => ({ bundleId, environment: 'both', ...apnsKey }))),
      FCM_APPS: JSON.stringify([{ projectId: serviceAccount.project_id, serviceAccount }]),
      APNS_ORIGIN_PRODUCTION: origins.apnsProduction,
      APNS_ORIGIN_SANDBOX: origins.apnsSandbox,
      FCM_ORIGIN: origins.fcm,
      PUSH_CA_FILE: caFile,
    };
  }

  /** Devices, faults, log, time and everybody's record are as at the start. Keys, connections and policy stay. */
  reset(): void {
    const { registry, faults, journal, devices, deliveries, clock, manners, services } = this.assembly;
    faults.clear();
    registry.clear();
    devices.clear();
    deliveries.clear('The simulator was reset');
    journal.clear();
    manners.forget();
    clock.reset();
    for (const service of Object.values(services)) service.forget();
  }
}
