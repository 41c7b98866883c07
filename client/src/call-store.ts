import { Call, type HandledElsewhere, type CallContext } from './call.js';
import type { Commands } from './commands.js';
import { RingwayError } from './error.js';
import type { LeaveOutbox } from './leave-outbox.js';
import { uuidV7 } from './uuid.js';
import type { CallView, Media, MediaState, Messages, ProgressStep, Signal, Sync } from './wire.js';

/** Ended calls that are remembered, so that what is late finds them. */
const ENDED_KEPT = 50;

export interface NewCall {
  /** The user to call. */
  callee: string;
  media: Media;
  /** For the callee's app, at most 2,048 bytes of JSON. */
  metadata?: Record<string, unknown>;
  /** A UUID; by default a new one. */
  callId?: string;
}

export interface CallStoreOptions {
  deviceId: string;
  /** Who we are; null while that is not known. */
  userId(): string | null;
  commands: Commands;
  outbox: LeaveOutbox;
  /** @throws RingwayError */
  lookUp(callId: string): Promise<CallView>;
  incoming(call: Call): void;
  changed(call: Call): void;
}

/** The calls of this user, as the gateway told them. The highest version wins; what is lost or repeated does no harm. */
export class CallStore {
  readonly calls = new Map<string, Call>();
  /** Calls that are not acknowledged yet, with whom they are for. */
  private readonly starting = new Map<Call, string>();
  private context: CallContext;

  constructor(private readonly options: CallStoreOptions) {
    this.context = this.newContext();
  }

  start({ callee, media, metadata, callId = uuidV7() }: NewCall): Call {
    const known = this.calls.get(callId.toLowerCase());
    if (known) return known;
    const call = this.add(callId.toLowerCase(), 'outgoing');
    this.starting.set(call, callee);
    call.start({ callId: call.id, callee, media, ...(metadata ? { metadata } : {}) }, (view) =>
      this.unite(call, view),
    );
    const done = (): void => void this.starting.delete(call);
    call.sent.then(done, done);
    this.options.changed(call);
    return call;
  }

  /** There is a connection, or there is none. */
  connection(online: boolean): void {
    for (const call of this.calls.values()) call.connection(online);
  }

  /** Gives up the calls that are still being sent. */
  withdraw(error: RingwayError): void {
    for (const call of [...this.starting.keys()]) call.withdraw(error);
  }

  /** Forgets all calls; those that live are over for this app. */
  clear(): void {
    const calls = [...this.calls.values()];
    this.calls.clear();
    this.starting.clear();
    this.context = this.newContext();
    for (const call of calls) call.abandon();
  }

  hear(event: string, payload: unknown): void {
    switch (event as keyof Messages) {
      case 'sync':
        return this.sync(payload as Sync);
      case 'call:signal':
        return this.signal(payload as Signal);
      case 'call:media': {
        const media = payload as MediaState;
        return this.calls.get(media.callId)?.hearMedia(media);
      }
      case 'call:progress': {
        const { callId, ...step } = payload as { callId: string } & ProgressStep;
        return this.calls.get(callId)?.hearProgress(step);
      }
      case 'call:handled-elsewhere': {
        const { call, how, by } = payload as HandledElsewhere & { call: CallView };
        this.of(call).handledElsewhere({ how, by });
        return this.learn(call);
      }
      default: {
        // Also of events added later: whatever carries a call tells its state.
        const { call } = Object(payload) as { call?: CallView };
        if (call) this.learn(call);
      }
    }
  }

  private sync({ calls, signals }: Sync): void {
    for (const view of calls) this.learn(view);
    for (const signal of signals) this.signal(signal);
    const told = new Set(calls.map(({ callId }) => callId));
    for (const call of this.calls.values()) {
      if (call.state === 'ended' || !call.view) continue;
      if (told.has(call.id)) call.restate();
      else void this.lookUp(call);
    }
  }

  /** A call that was live and is not in the sync is over, most likely. How it ended is recorded. */
  private async lookUp(call: Call): Promise<void> {
    try {
      const view = await this.options.lookUp(call.id);
      if (this.calls.get(call.id) === call) this.learn(view);
    } catch (error) {
      // Without an answer the next sync asks again.
      if (error instanceof RingwayError && error.code === 'CALL_NOT_FOUND') call.finish();
    }
  }

  private signal(signal: Signal): void {
    this.calls.get(signal.callId)?.hearSignal(signal);
  }

  private learn(view: CallView): void {
    const ours = this.answeredForUs(view);
    if (ours) return this.unite(ours, view);
    const known = this.calls.has(view.callId);
    const call = this.of(view);
    const news = call.merge(view);
    const rings = view.state === 'initiated' || view.state === 'ringing';
    if (news && !known && rings && call.direction === 'incoming') this.options.incoming(call);
  }

  private of({ callId, callee }: CallView): Call {
    const direction = callee.userId === this.options.userId() ? 'incoming' : 'outgoing';
    return this.calls.get(callId) ?? this.add(callId, direction);
  }

  private add(callId: string, direction: 'incoming' | 'outgoing'): Call {
    const call = new Call(callId, direction, this.context);
    this.calls.set(callId, call);
    return call;
  }

  /**
   * Whom we are just calling was calling us already, and the gateway took our call for the answer. This may be heard
   * before our call is acknowledged.
   */
  private answeredForUs({ callId, state, caller, answeredBy }: CallView): Call | null {
    if (state !== 'answered' || answeredBy !== this.options.deviceId) return null;
    if (this.calls.get(callId)?.answering) return null;
    for (const [call, callee] of this.starting) {
      if (callee === caller.userId && call.view === null) return call;
    }
    return null;
  }

  /** Both users called each other, and there is one call: the one this app started goes on as it. */
  private unite(call: Call, view: CallView): void {
    const incoming = this.calls.get(view.callId);
    if (incoming !== call) {
      this.calls.delete(call.id);
      call.become(view.callId);
      this.calls.set(view.callId, call);
      const by = { userId: view.callee.userId, deviceId: this.options.deviceId };
      incoming?.handledElsewhere({ how: 'answered', by });
    }
    call.merge(view);
  }

  /** What calls of another user still hear is nothing for this one. */
  private newContext(): CallContext {
    const { deviceId, commands, outbox } = this.options;
    const context: CallContext = {
      deviceId,
      commands,
      outbox,
      learn: (view) => {
        if (context === this.context) this.learn(view);
      },
      changed: (call) => {
        this.options.changed(call);
        if (call.state === 'ended') this.forgetOldest();
      },
    };
    return context;
  }

  private forgetOldest(): void {
    const ended = [...this.calls.values()].filter(({ state }) => state === 'ended');
    for (const { id } of ended.slice(0, -ENDED_KEPT)) this.calls.delete(id);
  }
}
