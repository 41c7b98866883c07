import { signal } from '@preact/signals';
import {
  type Call,
  type CallRecord,
  type Media,
  type Presence,
  RingwayClient,
  type Status,
} from 'ringway-client';
import { IS_DEMO } from '../mode.js';
import { textInStorage } from '../storage.js';
import { CallSession } from './call-media.js';
import { Ladder } from './ladder.js';
import type { Person } from './people.js';

const ENDED_SHOWN_MS = 6_000;

/** The phone in this tab: a client of the gateway like any app. */
export class BrowserPhone {
  readonly status = signal<Status>('idle');
  /** The call on the screen: the conversation, else what rings or is being called, else what has just ended. */
  readonly call = signal<Call | null>(null);
  /** Calls that ring, newest first. */
  readonly incoming = signal<Call[]>([]);
  readonly session = signal<CallSession | null>(null);
  readonly history = signal<CallRecord[]>([]);
  readonly presence = signal<ReadonlyMap<string, Presence['reachable']>>(new Map());
  /** Counts changes of any call, so that what is drawn from one is drawn again. */
  readonly revision = signal(0);
  readonly failure = signal<string | null>(null);
  readonly ladder = signal<Ladder | null>(null);
  /** The call that is being left: the gateway has not confirmed it yet. */
  readonly leaving = signal<Call | null>(null);
  private readonly client: RingwayClient;
  /** Calls this tab placed or picked up; after a reload it goes on with them. */
  private readonly mine = new Set<string>();
  private readonly keptMine = textInStorage('ringway.calls', 'tab');
  private ended: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly person: Person,
    readonly deviceId: string,
  ) {
    for (const id of (this.keptMine.read() ?? '').split(' ').filter(Boolean)) this.mine.add(id);
    this.client = new RingwayClient({
      url: location.origin,
      deviceId,
      token: () => developmentToken(person),
    });
    this.client.on('status', (status) => this.became(status));
    this.client.on('incoming', (call) => this.rings(call));
    this.client.on('call', () => this.look());
    this.client.connect();
  }

  close(): void {
    clearTimeout(this.ended);
    this.session.value?.close();
    this.client.close();
  }

  connect(): void {
    this.client.connect();
  }

  dial(callee: string, media: Media): void {
    if (this.busy) return;
    const call = this.client.call({ callee, media });
    this.ladder.value = new Ladder(call, callee);
    this.takes(call, media);
    call.sent.catch((error: Error) => (this.failure.value = error.message));
  }

  async answer(call: Call): Promise<void> {
    const talking = this.call.value;
    if (talking && talking !== call && talking.state !== 'ended') await this.hangUp(talking);
    this.takes(call, call.view?.media ?? 'voice');
    await call.answer().catch((error: Error) => (this.failure.value = error.message));
  }

  async hangUp(call: Call): Promise<void> {
    if (this.leaving.value === call) return;
    this.leaving.value = call;
    await call.hangUp().catch((error: Error) => (this.failure.value = error.message));
    if (this.leaving.value === call) this.leaving.value = null;
  }

  /** Whether a call of this tab goes on. */
  get busy(): boolean {
    return this.call.value !== null && this.call.value.state !== 'ended';
  }

  /** Takes what has ended off the screen. */
  clear(): void {
    clearTimeout(this.ended);
    this.failure.value = null;
    if (this.call.value?.state === 'ended') this.call.value = null;
  }

  async refresh(userIds: string[]): Promise<void> {
    if (this.status.value !== 'online') return;
    try {
      const others = userIds.filter((id) => id !== this.person.userId);
      const [history, presence] = await Promise.all([
        this.client.http.history({ limit: 8 }),
        others.length > 0 ? this.client.http.presence(others) : [],
      ]);
      this.history.value = history.items;
      this.presence.value = new Map(presence.map(({ userId, reachable }) => [userId, reachable]));
    } catch {
      // The gateway is away: what was known stays, and the next connection asks again.
    }
  }

  /** This call is this tab's from now on. */
  private takes(call: Call, media: Media): void {
    clearTimeout(this.ended);
    this.failure.value = null;
    this.mine.add(call.id);
    this.keptMine.write([...this.mine].slice(-20).join(' '));
    this.session.value?.close();
    this.session.value = CallSession.open(call, media === 'video', () => this.client.http.iceServers());
    this.call.value = call;
    this.look();
  }

  private became(status: Status): void {
    this.status.value = status;
    if (status === 'online') void this.register();
    this.look();
  }

  private async register(): Promise<void> {
    await this.client.http
      .registerDevice(this.deviceId, { platform: 'web', name: `${this.person.name}'s browser` })
      .catch(() => undefined);
  }

  private rings(call: Call): void {
    this.look();
    call.ringing().catch(() => undefined); // over already: the call says so itself
  }

  /** Reads off the calls what the screen shows. */
  private look(): void {
    const calls = [...this.client.calls.values()];
    this.incoming.value = calls
      .filter((call) => call.direction === 'incoming' && !this.mine.has(call.id))
      .filter(({ state }) => state === 'initiated' || state === 'ringing')
      .reverse();
    const shown = this.call.value;
    if (shown) this.mine.add(shown.id); // both called each other, and it goes on under the other's id
    if (shown?.state === 'ended') this.over();
    else if (!shown) this.resume(calls);
    this.revision.value++;
  }

  /** After a reload: the conversation this tab was in. */
  private resume(calls: Call[]): void {
    const call = calls.find(({ id, state }) => this.mine.has(id) && state !== 'ended');
    if (call) this.takes(call, call.view?.media ?? 'voice');
  }

  private over(): void {
    if (!this.session.value) return;
    this.session.value.close();
    this.session.value = null;
    this.ended = setTimeout(() => this.clear(), ENDED_SHOWN_MS);
  }
}

async function developmentToken({ userId, name }: Person): Promise<string> {
  if (!IS_DEMO) throw new Error('There are development tokens in demo mode only.');
  const response = await fetch('/v1/dev/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId, name }),
  });
  if (!response.ok) throw new Error(`The gateway gave no token: ${response.status}`);
  return ((await response.json()) as { token: string }).token;
}
