import {
  VirtualAndroid,
  VirtualIphone,
  type VirtualIphoneOptions,
  type VirtualPhone,
  type VirtualPhoneOptions,
} from 'ringway-simulator';
import { BUNDLE, type PushingGateway } from './pushing.js';

export type Platform = 'iPhone' | 'Android';

const PATIENCE_MS = 10_000;

/** The virtual phones of a test: registered and asleep, each with a user of its own unless a test says whose it is. */
export class VirtualPhones {
  /** What went wrong inside a phone; a test expects nothing. */
  readonly bugs: unknown[] = [];
  private readonly diaries = new Map<VirtualPhone, string[]>();
  private users = 0;

  constructor(private readonly gateway: PushingGateway) {}

  somebody(): string {
    return `user-${++this.users}`;
  }

  iphone(
    build: 'debug' | 'app-store' = 'debug',
    more: Partial<VirtualIphoneOptions> = {},
  ): Promise<VirtualIphone> {
    return this.asleep(new VirtualIphone({ ...this.basics(), bundleId: BUNDLE, build, ...more }));
  }

  android(more: Partial<VirtualPhoneOptions> = {}): Promise<VirtualAndroid> {
    return this.asleep(new VirtualAndroid({ ...this.basics(), ...more }));
  }

  a(platform: Platform, more: Partial<VirtualPhoneOptions> = {}): Promise<VirtualPhone> {
    return platform === 'iPhone' ? this.iphone('debug', more) : this.android(more);
  }

  /** What the phone's screen went through. */
  diary(phone: VirtualPhone): string[] {
    return this.diaries.get(phone) ?? [];
  }

  /** The services whose pushes have reached the phone. */
  pushes(phone: VirtualPhone): string[] {
    return this.gateway.simulator.delivered(phone.pushToken).map(({ service }) => service);
  }

  becomes(phone: VirtualPhone, state: VirtualPhone['state']): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (phone.state !== state) return;
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(() => {
        stop();
        const seen = JSON.stringify({ diary: this.diary(phone), screen: phone.screen });
        reject(new Error(`${phone.name} never became '${state}': ${seen}`));
      }, PATIENCE_MS);
      const stop = phone.onChange(look);
      look();
    });
  }

  async stop(): Promise<void> {
    const phones = [...this.diaries.keys()];
    this.diaries.clear();
    await Promise.all(phones.map((phone) => phone.stop()));
  }

  private basics(): VirtualPhoneOptions {
    const { simulator, url } = this.gateway;
    const onError = (bug: unknown): unknown => this.bugs.push(bug);
    return { simulator, gateway: url, userId: this.somebody(), onError };
  }

  private async asleep<P extends VirtualPhone>(phone: P): Promise<P> {
    const diary: string[] = [];
    this.diaries.set(phone, diary);
    phone.onChange(() => {
      if (diary.at(-1) !== phone.state) diary.push(phone.state);
    });
    await phone.register();
    return phone;
  }
}
