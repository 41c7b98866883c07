import { type Environment, environments } from '../core/services.js';
import type { CallScreen } from './virtual-call.js';
import { VirtualIphone } from './virtual-iphone.js';
import type { VirtualPhone } from './virtual-phone.js';

/** What can be seen of a virtual phone of the demo. */
export interface DemoPhone {
  id: string;
  userId: string;
  deviceId: string;
  name: string;
  platform: 'ios' | 'android';
  /** Of an iPhone: which build runs, where its token is good, what the app declares, what the gateway has on record. */
  apns: {
    build: 'debug' | 'app-store';
    actual: Environment;
    declared: Environment;
    recorded: string | null;
  } | null;
  app: 'foreground' | 'background' | 'killed';
  signedIn: boolean;
  /** After how many milliseconds the person picks up by themselves; null: they do not. */
  answersAfterMs: number | null;
  screen: CallScreen | null;
}

export type DemoPhoneAction =
  | { do: 'foreground' | 'background' | 'kill' | 'sign-out' | 'register' | 'answer' | 'decline' | 'hang-up' }
  | { do: 'declare'; environment: Environment }
  | { do: 'auto-answer'; on: boolean }
  | { do: 'call'; callee: string; media: 'voice' | 'video' };

/** How long somebody lets it ring before they pick up; longer while a person looks on, who may want to press a button. */
const ANSWER_AFTER_MS = 2_000;
const WATCHED_ANSWER_AFTER_MS = 4_500;

/** What the app says of itself while its person does not pick up: so the gateway remembers it. */
const LETS_IT_RING = 'demo: lets it ring';

interface Entry {
  readonly phone: VirtualPhone;
  autoAnswer: boolean;
  recorded: string | null;
}

/** The virtual phones of the demo, for somebody who looks at them and presses their buttons. */
export class DemoPhones {
  private readonly entries = new Map<string, Entry>();
  private readonly watchers = new Map<() => void, () => void>();
  private closed = false;

  constructor(private readonly onError: (error: unknown) => void) {}

  add(phone: VirtualPhone): void {
    const entry: Entry = { phone, autoAnswer: true, recorded: null };
    this.entries.set(phone.userId, entry);
    this.setScripts();
    let before = '';
    phone.onChange(() => {
      this.tell();
      // A push that rings may have shown that the environment on record was wrong.
      const now = `${phone.signedIn} ${phone.screen?.stage}`;
      if (now !== before) this.look(entry).catch(this.onError);
      before = now;
    });
  }

  /**
   * Switches a phone on. It may have been here before the gateway was started again: then it is as it was left, as far as
   * the gateway remembers, and goes on with its calls.
   * @returns whether it is signed in
   * @throws when it cannot be registered
   */
  async switchOn(phone: VirtualPhone): Promise<boolean> {
    const known = await phone.recorded();
    // Somebody who has made calls, and has no phone any more: it was signed out.
    if (known === null && (await phone.history()).length > 0) return false;
    const entry = this.entries.get(phone.userId);
    if (entry) entry.autoAnswer = known?.['appVersion'] !== LETS_IT_RING;
    this.setScripts();
    const declared = known?.['apnsEnvironment'];
    if (phone instanceof VirtualIphone && isEnvironment(declared)) phone.declares = declared;
    await phone.register();
    await phone.resume();
    return true;
  }

  list(): DemoPhone[] {
    return [...this.entries.values()].map(seen);
  }

  /**
   * @param watcher called after every change of what {@link list} says
   * @param ended called when there will be no more
   * @returns the way to stop watching
   */
  watch(watcher: () => void, ended: () => void): () => void {
    if (this.closed) ended();
    else this.watchers.set(watcher, ended);
    this.setScripts();
    return () => {
      this.watchers.delete(watcher);
      this.setScripts();
    };
  }

  close(): void {
    this.closed = true;
    for (const ended of [...this.watchers.values()]) ended();
  }

  /**
   * Presses a button. One that has no meaning at the moment does nothing.
   * @returns the phone afterwards; null when there is no such phone
   */
  async act(id: string, action: DemoPhoneAction): Promise<DemoPhone | null> {
    const entry = this.entries.get(id);
    if (!entry) return null;
    await this.press(entry, action);
    await this.look(entry);
    return seen(entry);
  }

  private async press(entry: Entry, action: DemoPhoneAction): Promise<unknown> {
    const { phone } = entry;
    const stage = phone.screen?.stage ?? 'over';
    switch (action.do) {
      case 'foreground':
        return phone.signedIn && phone.toForeground();
      case 'background':
        return phone.toBackground();
      case 'kill':
        return phone.kill();
      case 'sign-out':
        return phone.signOut();
      case 'register':
        return phone.register();
      case 'declare':
        if (!(phone instanceof VirtualIphone)) return;
        phone.declares = action.environment;
        return phone.register();
      case 'call':
        return phone.signedIn && stage === 'over' && phone.call(action.callee, action.media);
      case 'answer':
        return stage === 'ringing' && phone.answer();
      case 'decline':
        return stage === 'ringing' && phone.decline();
      case 'hang-up':
        return (stage === 'in call' || stage === 'calling') && phone.hangUp();
      case 'auto-answer':
        entry.autoAnswer = action.on;
        this.setScripts();
        phone.follow(phone.script);
        return phone.signedIn && phone.register();
    }
  }

  private async look(entry: Entry): Promise<void> {
    if (entry.phone instanceof VirtualIphone) {
      const environment = (await entry.phone.recorded())?.['apnsEnvironment'];
      entry.recorded = typeof environment === 'string' ? environment : null;
    }
    this.tell();
  }

  private setScripts(): void {
    const afterMs = this.watchers.size > 0 ? WATCHED_ANSWER_AFTER_MS : ANSWER_AFTER_MS;
    for (const { phone, autoAnswer } of this.entries.values()) {
      phone.script = autoAnswer ? { does: 'answer', afterMs } : null;
      phone.appVersion = autoAnswer ? null : LETS_IT_RING;
    }
  }

  private tell(): void {
    for (const watcher of [...this.watchers.keys()]) watcher();
  }
}

const isEnvironment = (text: unknown): text is Environment =>
  environments.some((environment) => environment === text);

function seen({ phone, recorded }: Entry): DemoPhone {
  const { userId, deviceId, name, app, signedIn, screen } = phone;
  const iphone = phone instanceof VirtualIphone ? phone : null;
  return {
    id: userId,
    userId,
    deviceId,
    name,
    platform: iphone ? 'ios' : 'android',
    app,
    signedIn,
    screen,
    apns: iphone && {
      build: iphone.build,
      actual: iphone.environment,
      declared: iphone.declares,
      recorded,
    },
    answersAfterMs: phone.script?.afterMs ?? null,
  };
}
