import type { SimulatorClock } from '../core/clock.js';
import type { ApnsKeyFile, ApnsKeyOptions, ServiceAccountFile } from '../core/credentials.js';
import type { InjectedFault, Injection } from '../core/faults.js';
import { adjust, type Policy, type PolicyPatch } from '../core/policy.js';
import type { LogEntry, Violation } from '../core/request-log.js';
import type { ServiceName } from '../core/services.js';
import type {
  AndroidRegistration,
  Device,
  IosRegistration,
  PhoneState,
} from '../delivery/device-registry.js';
import type { DeliveredPush } from '../delivery/inbox.js';
import type { Context } from './context.js';

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

/** What can be done to the servers beside sending them requests. */
export interface SimulatedServers {
  /** PEM of the authority that has signed their certificates. */
  readonly ca: string;
  dropConnections(service: ServiceName): void;
  connections(): Record<ServiceName, number>;
  /** Forgets what senders have done wrong, and how often devices were pushed. */
  resetCounters(): void;
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

  constructor(
    protected readonly context: Context,
    protected readonly servers: SimulatedServers,
    origins: Origins,
  ) {
    this.ca = servers.ca;
    this.origins = origins;
    this.apnsKey = context.credentials.createApnsKey();
    this.serviceAccount = context.credentials.createServiceAccount('ringway-demo', origins.tokenUri);
  }

  registerIosDevice(registration: IosRegistration): Registered {
    const { token, phone } = this.context.registry.registerIos(registration);
    return { token, phone: phone.id };
  }

  registerAndroidDevice(registration: AndroidRegistration = {}): Registered & { fid: string } {
    const { token, phone, fid } = this.context.registry.registerAndroid(registration);
    return { token, phone: phone.id, fid };
  }

  devices(): readonly Device[] {
    return this.context.registry.all();
  }

  /** Changes the phone that holds this token: on or off the air, app state, iOS version, … */
  setPhone(token: string, state: PhoneState): void {
    const { phone } = this.context.registry.device(token);
    Object.assign(phone, state);
    this.context.delivery.phoneChanged(phone);
  }

  /** The app was removed: APNs says 410 with this timestamp (ms, default now), FCM 404 UNREGISTERED. */
  unregister(token: string, at?: number): void {
    this.context.registry.setStatus(token, 'unregistered', at);
  }

  /** As `unregister`, with APNs' reason ExpiredToken. */
  expire(token: string, at?: number): void {
    this.context.registry.setStatus(token, 'expired', at);
  }

  /** The same token is good again, and the system has forgiven what the app did. */
  reregister(token: string): void {
    this.context.registry.setStatus(token, 'active');
    this.context.delivery.forgive(this.context.registry.device(token));
  }

  /** As if the token had never been given out. */
  forget(token: string): void {
    this.context.registry.forget(token);
  }

  /** The app did not report a VoIP push as a call, or showed nothing for a HIGH message: the system takes note. */
  appFailed(token: string): void {
    this.context.delivery.appFailed(this.context.registry.device(token));
  }

  createApnsKey(options?: ApnsKeyOptions): ApnsKeyFile {
    return this.context.credentials.createApnsKey(options);
  }

  revokeApnsKey(keyId: string): void {
    const key = this.context.credentials.apnsKeys.get(keyId);
    if (key === undefined) throw new Error(`There is no APNs key '${keyId}'`);
    key.revoked = true;
  }

  createServiceAccount(projectId: string): ServiceAccountFile {
    return this.context.credentials.createServiceAccount(projectId, this.origins.tokenUri);
  }

  /** Google no longer knows the access tokens it granted: the next send is a 401. */
  revokeAccessTokens(): void {
    this.context.credentials.revokeAccessTokens();
  }

  inject(injection: Injection): InjectedFault {
    return this.context.faults.inject(injection);
  }

  clearFaults(service?: ServiceName): void {
    this.context.faults.clear(({ injection }) => service === undefined || injection.service === service);
  }

  get faults(): readonly InjectedFault[] {
    return this.context.faults.active;
  }

  /** Resolves when the ports of a cleared outage listen again. */
  listening(): Promise<void> {
    return this.context.faults.settled();
  }

  /** Drops every connection of a service, as a restart does. */
  restart(service: ServiceName): void {
    this.servers.dropConnections(service);
  }

  /** Open connections of senders, by service. */
  get connections(): Readonly<Record<ServiceName, number>> {
    return this.servers.connections();
  }

  get policy(): Readonly<Policy> {
    return this.context.policy;
  }

  adjust(patch: PolicyPatch): void {
    adjust(this.context.policy, patch);
  }

  /** The simulator's time; `advance` and `set` move it. */
  get clock(): SimulatorClock {
    return this.context.clock;
  }

  get log(): readonly LogEntry[] {
    return this.context.requestLog.entries;
  }

  get violations(): readonly Violation[] {
    return this.context.requestLog.violations;
  }

  /** Called with every request once it has been answered, or left without an answer on purpose. */
  onRequest(listener: (entry: LogEntry) => void): () => void {
    return this.context.requestLog.onRequest(listener);
  }

  /** Called with every push that reaches the app behind this token. Returns the way to stop listening. */
  onDelivery(token: string, listener: (push: DeliveredPush) => void): () => void {
    return this.context.inboxes.on(this.context.registry.device(token).token, listener);
  }

  /** The next push this has not returned yet, those that came before it was asked for included. */
  nextDelivery(token: string, timeoutMs = 5000): Promise<DeliveredPush> {
    return this.context.inboxes.next(this.context.registry.device(token).token, timeoutMs);
  }

  /** The last thousand pushes that reached this app, oldest first. */
  delivered(token: string): readonly DeliveredPush[] {
    return this.context.inboxes.of(this.context.registry.device(token).token);
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
    const { registry, faults, requestLog, delivery, inboxes, clock, senderLint } = this.context;
    faults.clear();
    registry.clear();
    delivery.clear();
    inboxes.clear('The simulator was reset');
    requestLog.clear();
    senderLint.clear();
    clock.reset();
    this.servers.resetCounters();
  }
}
