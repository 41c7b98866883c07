import { randomUUID } from 'node:crypto';
import type { PhoneState } from '../delivery/device-registry.js';
import type { DeliveredPush } from '../delivery/inbox.js';
import type { Simulation } from '../simulation/simulation.js';
import { PhoneHttp } from './phone-http.js';
import { type Handshake, PhoneSocket } from './phone-socket.js';

export type AppState = 'foreground' | 'background' | 'killed';

export interface PhoneOptions {
  simulator: Simulation;
  /** Where the app finds its gateway, e.g. `http://localhost:3000`. */
  gateway: string;
  userId: string;
  deviceId?: string;
  /** What the install is called. */
  name?: string;
  /** A token of the user, from wherever the app gets it; by default one of the gateway's development tokens. */
  token?: () => Promise<string | null>;
  /** Rings and scripts go by this clock; by default the simulator's. */
  clock?: PhoneClock;
  /** Hears of bugs. What goes wrong on the network is part of a phone's life, and is none. */
  onError?: (error: unknown) => void;
}

export interface PhoneClock {
  now(): number;
  /** Calls `ring` at this time; the returned function takes it back. */
  at(time: number, ring: () => void): () => void;
}

/** The app on a virtual phone, without its calls: an install that registers, comes to the foreground, leaves, is killed. */
export abstract class PhoneApp {
  readonly userId: string;
  readonly deviceId: string;
  readonly name: string;
  protected readonly clock: PhoneClock;
  protected readonly http: PhoneHttp;
  protected readonly socket: PhoneSocket;
  /** What the app says of itself when it registers; the gateway keeps it. */
  appVersion: string | null = null;
  protected registered = false;
  protected stopped = false;
  private where: AppState = 'killed';
  private readonly listeners = new Set<() => void>();
  private readonly alarms = new Set<() => void>();
  private readonly flows = new Set<Promise<void>>();
  private readonly unsubscribe: () => void;

  constructor(
    protected readonly options: PhoneOptions & { name: string },
    readonly pushToken: string,
  ) {
    const { userId, deviceId, name, simulator, gateway, clock } = options;
    this.userId = userId;
    this.deviceId = deviceId ?? `${userId}-${randomUUID().slice(0, 8)}`;
    this.name = name;
    this.clock = clock ?? simulator.clock;
    this.http = new PhoneHttp(options);
    this.socket = new PhoneSocket({
      gateway,
      handshake: () => this.handshake(),
      renew: () => this.http.renew(),
      onEvent: (event, payload) => this.onEvent(event, (payload ?? {}) as Record<string, unknown>),
    });
    this.unsubscribe = simulator.onDelivery(pushToken, (push) => this.run(() => this.delivered(push)));
  }

  /** What the install says about itself when it registers. */
  protected abstract registration(): object;
  /** A push has reached the app. */
  protected abstract delivered(push: DeliveredPush): Promise<void>;
  protected abstract onEvent(event: string, payload: Record<string, unknown>): void;
  /** Whether a call needs the socket. */
  protected abstract get busy(): boolean;

  /** Where the app is. A push starts an app that was killed. */
  get app(): AppState {
    return this.where;
  }

  /** Whether the gateway has this install, as far as the app knows. */
  get signedIn(): boolean {
    return this.registered;
  }

  /** Called after every change of what can be seen of the phone. Returns the way to stop listening. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Signs the user in and registers this install, as an app does at every launch. @throws when that fails */
  async register(): Promise<void> {
    const path = `/v1/devices/${this.deviceId}`;
    const body = { ...this.registration(), appVersion: this.appVersion };
    const reply = await this.http.asUser({ method: 'PUT', path, body });
    if (reply.outcome !== 'ok') {
      const why = reply.outcome === 'refused' ? `says ${reply.code}` : 'does not answer';
      throw new Error(`${this.name} of ${this.userId} could not be registered: the gateway ${why}`);
    }
    this.registered = true;
    this.changed();
  }

  /** What the gateway has on record of this install. @returns null when it has nothing, or does not answer */
  async recorded(): Promise<Record<string, unknown> | null> {
    const reply = await this.http.asUser({ method: 'GET', path: '/v1/devices', tries: 1 });
    const items = reply.outcome === 'ok' && Array.isArray(reply.body['items']) ? reply.body['items'] : [];
    const mine = (item: Record<string, unknown>): boolean => item['deviceId'] === this.deviceId;
    return (items as Record<string, unknown>[]).find(mine) ?? null;
  }

  /** No more pushes, and no socket. @throws when the gateway does not answer: the app should try again */
  async signOut(): Promise<void> {
    const reply = await this.http.asUser({ method: 'DELETE', path: `/v1/devices/${this.deviceId}` });
    if (reply.outcome !== 'ok') throw new Error(`${this.name} of ${this.userId} could not be signed out`);
    this.registered = false;
    this.socket.close();
    this.changed();
  }

  /** The user looks at the app. @returns whether the gateway was reached */
  async toForeground(): Promise<boolean> {
    this.enter('foreground');
    this.socket.open();
    if (!(await this.socket.ready())) return false;
    return (await this.socket.emit('device:state', { state: 'foreground' })) !== null;
  }

  /** The user leaves the app. It says so, and closes its socket, unless it is told to keep it for a while. */
  async toBackground({ keepSocket = false } = {}): Promise<void> {
    this.enter('background');
    await this.socket.emit('device:state', { state: 'background' });
    if (!keepSocket) this.leave();
  }

  /** Swiped away: asleep, and no socket. */
  kill(): void {
    this.socket.close();
    this.enter('killed');
  }

  /** Switches the phone off. Nothing of it goes on. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.unsubscribe();
    this.listeners.clear();
    for (const takeBack of this.alarms) takeBack();
    this.http.stop();
    this.socket.close();
    await Promise.all(this.flows);
  }

  /** In the background, without a call, a socket would only look alive: so it says goodbye. */
  protected leave(): void {
    if (this.where !== 'foreground' && !this.busy) this.socket.close();
  }

  protected enter(state: AppState): void {
    this.where = state;
    this.updatePhone({ appState: state });
    this.changed();
  }

  protected changed(): void {
    for (const listener of [...this.listeners]) listener();
  }

  protected alarm(afterMs: number, ring: () => void): void {
    if (this.stopped) return;
    const takeBack = this.clock.at(this.clock.now() + afterMs, () => {
      this.alarms.delete(takeBack);
      ring();
    });
    this.alarms.add(takeBack);
  }

  /** Something the phone does by itself. */
  protected run(flow: () => Promise<unknown>): void {
    if (this.stopped) return;
    const done = flow()
      .catch((error: unknown) => this.options.onError?.(error))
      .then(() => void this.flows.delete(done));
    this.flows.add(done);
  }

  /** What the phone's system knows of the app. A token that was forgotten has no phone behind it. */
  protected updatePhone(state: PhoneState): void {
    const { simulator } = this.options;
    if (!simulator.devices().some(({ token }) => token === this.pushToken)) return;
    simulator.setPhone(this.pushToken, state);
  }

  private async handshake(): Promise<Handshake | null> {
    const token = await this.http.userToken();
    const appState = this.where === 'foreground' ? 'foreground' : 'background';
    return token === null ? null : { token, deviceId: this.deviceId, appState };
  }
}
