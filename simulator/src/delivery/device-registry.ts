import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import type { Environment } from '../core/services.js';

/** The thing in somebody's pocket. Several tokens may belong to one. */
export interface Phone {
  readonly id: string;
  readonly platform: 'ios' | 'android';
  online: boolean;
  appState: 'foreground' | 'background' | 'killed' | 'force-stopped';
  onCall: boolean;
  /** `18.5`; from 26.4 on PushKit says itself whether a push must be reported. */
  ios: string;
  /** Every push takes this long, by the simulator's clock; a single attempt may still come late. */
  lateByMs: number;
  /** Pushes overtake each other: each is held back until the next one (or a second) has passed. */
  reorders: boolean;
  /** Android in Doze: NORMAL messages wait. */
  dozing: boolean;
}

export type PhoneState = Partial<Omit<Phone, 'id' | 'platform'>>;

interface Registration {
  readonly token: string;
  readonly phone: Phone;
  status: 'active' | 'unregistered' | 'expired';
  /** When the status was reached, ms since the epoch: the `timestamp` of a 410. */
  since: number;
}

export interface IosDevice extends Registration {
  readonly platform: 'ios';
  readonly kind: 'voip' | 'alert';
  readonly bundleId: string;
  readonly environment: Environment;
}

export interface AndroidDevice extends Registration {
  readonly platform: 'android';
  /** The Firebase installation id, which is the token's first part and may be used instead of it. */
  readonly fid: string;
  readonly projectId: string;
  /** 270 days without contact make a token stale. */
  lastSeenAt: number;
}

export type Device = IosDevice | AndroidDevice;

export interface IosRegistration {
  bundleId: string;
  environment: Environment;
  kind?: 'voip' | 'alert';
  /** Hex digits, even; Apple promises no length. Default 64. */
  tokenLength?: number;
  /** Id of a phone that has another token already. */
  phone?: string;
}

export interface AndroidRegistration {
  projectId?: string;
  phone?: string;
}

export class DeviceRegistry {
  private readonly devices = new Map<string, Device>();
  private readonly byFid = new Map<string, AndroidDevice>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  all(): Device[] {
    return [...this.devices.values()];
  }

  registerIos({ bundleId, environment, kind = 'voip', tokenLength = 64, phone }: IosRegistration): IosDevice {
    if (tokenLength < 2 || tokenLength % 2 !== 0) throw new Error('A token has an even number of hex digits');
    const device: IosDevice = {
      platform: 'ios',
      token: randomBytes(tokenLength / 2).toString('hex'),
      phone: this.phone('ios', phone),
      kind,
      bundleId,
      environment,
      status: 'active',
      since: this.clock.now(),
    };
    this.devices.set(device.token, device);
    return device;
  }

  registerAndroid({ projectId = 'ringway-demo', phone }: AndroidRegistration): AndroidDevice {
    const fid = `c${randomBytes(16).toString('base64url').slice(0, 21)}`;
    const now = this.clock.now();
    const device: AndroidDevice = {
      platform: 'android',
      token: `${fid}:APA91b${randomBytes(100).toString('base64url')}`,
      phone: this.phone('android', phone),
      fid,
      projectId,
      status: 'active',
      since: now,
      lastSeenAt: now,
    };
    this.devices.set(device.token, device);
    this.byFid.set(fid, device);
    return device;
  }

  /** Hex tokens are compared as numbers are: upper and lower case are one. */
  ios(token: string): IosDevice | undefined {
    const device = this.devices.get(token.toLowerCase());
    return device?.platform === 'ios' ? device : undefined;
  }

  android(tokenOrFid: string): AndroidDevice | undefined {
    const device = this.devices.get(tokenOrFid) ?? this.byFid.get(tokenOrFid);
    return device?.platform === 'android' ? device : undefined;
  }

  /** Throws for a token that was never given out: a slip of the test, not of the sender. */
  device(token: string): Device {
    const device = this.ios(token) ?? this.android(token);
    if (device === undefined) throw new Error(`No device has the token …${token.slice(-6)}`);
    return device;
  }

  setStatus(token: string, status: Device['status'], at = this.clock.now()): void {
    const device = this.device(token);
    device.status = status;
    device.since = at;
  }

  /** As if the token had never been given out. */
  forget(token: string): void {
    const device = this.device(token);
    this.devices.delete(device.token);
    if (device.platform === 'android') this.byFid.delete(device.fid);
  }

  clear(): void {
    this.devices.clear();
    this.byFid.clear();
  }

  private phone(platform: 'ios' | 'android', id: string | undefined): Phone {
    if (id !== undefined) {
      const known = this.all().find((device) => device.phone.id === id)?.phone;
      if (known === undefined || known.platform !== platform) throw new Error(`No ${platform} phone '${id}'`);
      return known;
    }
    return {
      id: randomUUID(),
      platform,
      online: true,
      appState: 'background',
      onCall: false,
      ios: '18.5',
      lateByMs: 0,
      reorders: false,
      dozing: false,
    };
  }
}
