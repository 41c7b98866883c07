import type { Calls } from '../../src/calls/calls.js';
import { type CallEvent, type ExistingCall, callOf } from '../../src/calls/domain/call.js';
import type { RedisBus } from '../../src/cluster/redis-bus.js';
import type { Config } from '../../src/config/config.js';
import type { Presence } from '../../src/presence/presence.js';
import { MemoryBudget } from '../../src/limits/memory-budget.js';
import { Log } from '../../src/log/log.js';
import { MediaStates } from '../../src/sockets/relay/media-states.js';
import { MovedDevices } from '../../src/sockets/relay/moved-devices.js';
import { DeferredDeliveries } from '../../src/sockets/relay/deferred-deliveries.js';
import { SenderCounts } from '../../src/sockets/relay/sender-counts.js';
import { type Session, Sessions } from '../../src/sockets/session/sessions.js';
import { SignalMailboxes } from '../../src/sockets/relay/signal-mailbox.js';
import { SignalRelay } from '../../src/sockets/relay/signal-relay.js';
import { answeredOn, callId, endedOn, iPhone, initiated, pixel } from '../calls/cast.js';
import { START } from '../support/given.js';

export const DAY_MS = 86_400_000;

const after = (...events: CallEvent[]): ExistingCall =>
  callOf(events.map((event, index) => ({ ...event, at: START + index }))) as ExistingCall;

/** Alice's call to Bob as it goes on. */
export const calling = after(initiated);
export const answered = after(initiated, answeredOn(pixel));
export const ended = after(initiated, answeredOn(pixel), endedOn(iPhone));

/** What a test decides the moment of. */
export class Held<T> {
  settle: (value: T) => void = () => undefined;
  readonly promise = new Promise<T>((resolve) => (this.settle = resolve));
}

/** The relay of one node, for one call. What it asks of others is answered when a test says so. */
export class OneNode {
  readonly time = { at: START, now: () => this.time.at };
  readonly budget: MemoryBudget;
  readonly mailboxes: SignalMailboxes;
  readonly sessions = new Sessions();
  readonly signals: SignalRelay;
  readonly media: MediaStates;
  readonly moved: MovedDevices;
  readonly parcels: DeferredDeliveries;
  /** What this node has seen of the call. */
  seen: ExistingCall | undefined;
  /** What a read of the call finds. */
  read = new Held<ExistingCall>();
  /** What the other nodes answer. */
  others = new Held<{ answers: unknown[]; complete: boolean; redisAway?: boolean }>();

  constructor({ clustered = false, perUser = 8_388_608, total = 268_435_456 } = {}) {
    const calls = {
      known: (id: string) => (id === callId ? this.seen : undefined),
      load: () => this.read.promise,
    } as unknown as Calls;
    const bus = {
      clustered,
      connected: clustered,
      ask: () => this.others.promise,
      tell: async () => true,
      hand: async () => false,
    } as unknown as RedisBus;
    const presence = { isElsewhere: async () => false } as unknown as Presence;
    this.budget = new MemoryBudget({ perUser, total });
    this.mailboxes = new SignalMailboxes(calls, this.budget);
    const counts = new SenderCounts(this.mailboxes, bus, presence, this.time);
    const config = { callMaxDurationMs: DAY_MS } as Config;
    this.signals = new SignalRelay(
      calls,
      this.sessions,
      bus,
      presence,
      this.mailboxes,
      counts,
      this.time,
      config,
    );
    this.media = new MediaStates(calls, this.sessions, this.mailboxes, bus, this.time);
    this.moved = new MovedDevices(
      this.mailboxes,
      counts,
      this.signals,
      this.sessions,
      bus,
      new Log('silent'),
    );
    this.parcels = new DeferredDeliveries(calls, this.sessions, this.signals, this.media);
  }

  /** The device is connected and has had its sync. `told` collects what it hears; it acknowledges nothing. */
  connects({ userId, deviceId }: { userId: string; deviceId: string }): Session & { told: unknown[][] } {
    const told: unknown[][] = [];
    const emit = (...message: unknown[]): void => void told.push(message.slice(0, 2));
    const session = {
      userId,
      deviceId,
      connectionId: `${deviceId} ${told.length}`,
      connectedAt: START,
      name: null,
      synced: true,
      acknowledges: 'nothing',
      moved: false,
      askedOthers: false,
      lastSignal: null,
      socket: { emit, timeout: () => ({ emit }) },
      told,
    } as unknown as Session & { told: unknown[][] };
    this.sessions.add(session);
    return session;
  }

  /** Something happened to the call, and is announced at once. */
  happens(call: ExistingCall): void {
    this.seen = call;
    this.signals.callChanged(call);
    this.parcels.look();
  }

  /** Bytes of signals, and mailboxes, that are kept. */
  get kept(): { bytes: number; mailboxes: number } {
    return { bytes: this.budget.kept, mailboxes: [...this.mailboxes.all()].length };
  }

  stop(): void {
    this.signals.onModuleDestroy();
  }
}
