import { CallSignaling, type OwnMedia } from './call-signaling.js';
import type { Commands } from './commands.js';
import { Emitter } from './emitter.js';
import { ABOUT_THE_TOKEN, RingwayError } from './error.js';
import type { LeaveEvent, LeaveOutbox } from './leave-outbox.js';
import type {
  Answers,
  By,
  CallState,
  CallView,
  DeclineReason,
  Direction,
  MediaState,
  Payloads,
  ProgressStep,
  Signal,
} from './wire.js';

export interface HandledElsewhere {
  how: 'answered' | 'declined';
  by: By & { deviceName?: string };
}

export interface CallEvents {
  /** The gateway told a newer state: `call.view`. */
  change: [view: CallView];
  progress: [step: ProgressStep];
  /** From the other side, in order, each once. Kept until somebody listens. */
  signal: [signal: unknown, from: By];
  /** What the other side has muted, switched off or put on hold. */
  media: [media: MediaState];
  /** Another device of this user acted, so this one need not ring any more. */
  'handled-elsewhere': [handled: HandledElsewhere];
  /** This device has lost the gateway; what the other side does meanwhile is heard afterwards. The media may go on. */
  reconnecting: [];
  reconnected: [];
  /**
   * Over. Without a connection the view is the last one there was, and how it ended comes with a later `change`. It is
   * null when the gateway never knew of the call: look at `call.error`.
   */
  ended: [view: CallView | null];
}

/** What a call needs of its client. */
export interface CallContext {
  readonly deviceId: string;
  readonly commands: Commands;
  readonly outbox: LeaveOutbox;
  /** Any view the gateway gave, so that all of them are kept in one place. */
  learn(view: CallView): void;
  /** Something about the call has changed. */
  changed(call: Call): void;
}

/** After these nobody knows whether the gateway has recorded the call. */
const MAYBE_RECORDED: readonly string[] = ['TIMEOUT', 'CLOSED', 'REPLACED', ...ABOUT_THE_TOKEN];

/**
 * One call, seen from this device. Its state is whatever the gateway said last; nothing is guessed. Only who hangs up
 * without a connection is out of the call before the gateway says so.
 */
export class Call extends Emitter<CallEvents> {
  /** The newest state; null until the gateway knows of the call. */
  view: CallView | null = null;
  /** Why the call could not be started. */
  error: RingwayError | null = null;
  /** How far it got on its way to the callee (outgoing calls). */
  readonly progress: ProgressStep[] = [];
  /** Whether the gateway is out of reach, so that `view` may be old. */
  reconnecting = false;
  /** What the other side has muted; null until it said so. */
  peerMedia: MediaState | null = null;
  /** Resolves when the gateway has recorded the call; rejects with a `RingwayError` when it could not be started. */
  sent: Promise<void> = Promise.resolve();
  /** @internal Picking up here, not yet acknowledged. */
  answering = false;
  private mayBeRecorded = false;
  private isOver = false;
  private wasElsewhere = false;
  private readonly signaling: CallSignaling;
  private readonly over = new AbortController();
  private readonly starting = new AbortController();
  /** This device has nothing more to do with the call, whatever the gateway says. */
  private readonly left = new AbortController();

  /** @internal */
  constructor(
    private callId: string,
    private way: Direction,
    private readonly context: CallContext,
  ) {
    super();
    this.signaling = new CallSignaling(this, context.commands, this.over.signal, {
      listens: () => this.listened('signal'),
      hear: ({ signal, from }) => this.emit('signal', signal, from),
    });
  }

  get id(): string {
    return this.callId;
  }

  /** Seen from this user. */
  get direction(): Direction {
    return this.way;
  }

  get state(): CallState {
    return this.isOver ? 'ended' : (this.view?.state ?? 'initiated');
  }

  /** This device shows the call. Say so as soon as it does: only that makes the caller see "ringing". */
  async ringing(): Promise<void> {
    await this.say('call:ringing');
  }

  /** Pick up on this device. @throws RingwayError `ANSWERED_ELSEWHERE`, `CALL_ALREADY_ENDED`, … */
  async answer(): Promise<void> {
    this.answering = true;
    try {
      await this.say('call:answer');
    } finally {
      this.answering = false;
    }
  }

  /** Like `hangUp`, and only before the answer. */
  decline(reason?: DeclineReason): Promise<void> {
    return this.leave('call:decline', { callId: this.id, ...(reason ? { reason } : {}) });
  }

  /** Like `hangUp`, and only before the answer; works from the first instant, also while the call is still being sent. */
  cancel(): Promise<void> {
    return this.leave('call:cancel', { callId: this.id });
  }

  /** Like `hangUp`, for an answered call. */
  end(): Promise<void> {
    return this.leave('call:end', { callId: this.id });
  }

  /**
   * Cancel, decline or end: whatever gets this device out of the call in its present state. Resolves when the call is
   * over for this device: when the gateway says so, or, without a connection, at once. Then the gateway hears of it as
   * soon as it can be reached.
   */
  async hangUp(): Promise<void> {
    if (this.state === 'answered') return this.end();
    try {
      await (this.direction === 'outgoing' ? this.cancel() : this.decline());
    } catch (error) {
      // It was answered in this very moment.
      if ((error as RingwayError).code !== 'ALREADY_ANSWERED') throw error;
      await this.end();
    }
  }

  /** Tell the other side what is muted. Before the answer it is kept, and told then. */
  setMedia(media: OwnMedia): Promise<void> {
    return this.signaling.setMedia(media);
  }

  /**
   * Any JSON up to 65,536 bytes for the other device, in order: none is sent before the one in front of it has arrived,
   * however long that takes while the call lives. What the gateway would not keep before the answer is kept here. When
   * an acknowledgement is lost with a connection, the signal is sent again, and may arrive twice.
   */
  sendSignal(signal: unknown): Promise<void> {
    return this.signaling.sendSignal(signal);
  }

  /** @internal Ask the gateway to make this call. */
  start(payload: Payloads['call:initiate'], united: (view: CallView) => void): void {
    const { commands } = this.context;
    const onSay = (): void => void (this.mayBeRecorded = true);
    this.sent = commands.say('call:initiate', payload, { signal: this.starting.signal, onSay }).then(
      ({ call, merged }) => {
        if (merged) united(call);
        else this.context.learn(call);
        if (this.error) throw this.error; // given up meanwhile
      },
      (error: RingwayError) => {
        if (MAYBE_RECORDED.includes(error.code)) this.withdraw(error);
        this.error ??= error;
        this.finish();
        throw this.error;
      },
    );
    this.sent.catch(() => undefined);
  }

  /** @internal @returns whether this was news */
  merge(view: CallView): boolean {
    if (this.view && view.version <= this.view.version) return false;
    const before = this.view?.state;
    this.view = view;
    if (this.hasLeft && view.state !== 'ended') return true; // what went on without us is no news for the app
    this.emit('change', view);
    if (view.state === 'answered' && before !== 'answered') this.answered(view);
    if (view.state === 'ended' && !this.isOver) this.finish();
    else this.context.changed(this);
    return true;
  }

  /** @internal Both users called each other: this object goes on as the call that was there first. */
  become(callId: string): void {
    this.callId = callId;
    this.way = 'incoming';
    this.view = null;
  }

  /** @internal */
  hearProgress(step: ProgressStep): void {
    if (this.hasLeft) return;
    this.progress.push(step);
    this.emit('progress', step);
    this.context.changed(this);
  }

  /** @internal */
  hearSignal(signal: Signal): void {
    this.signaling.hearSignal(signal);
  }

  /** @internal */
  hearMedia(media: MediaState): void {
    if (this.hasLeft) return;
    this.peerMedia = media;
    this.emit('media', media);
    this.context.changed(this);
  }

  /** @internal */
  handledElsewhere(handled: HandledElsewhere): void {
    if (this.wasElsewhere || this.hasLeft) return;
    this.wasElsewhere = true;
    this.emit('handled-elsewhere', handled);
  }

  /** @internal */
  connection(online: boolean): void {
    if (this.isOver || this.view === null || online !== this.reconnecting) return;
    this.reconnecting = !online;
    this.emit(online ? 'reconnected' : 'reconnecting');
    this.context.changed(this);
  }

  /** @internal Another gateway may serve us now, and it does not know what was muted. */
  restate(): void {
    this.signaling.restateMedia();
  }

  /** @internal Nobody waits any more for this call, and it may ring. */
  withdraw(error: RingwayError): void {
    if (!this.mayBeRecorded || this.hasLeft) return;
    this.error = error;
    this.abandon();
    const { context, way: direction } = this;
    context.outbox
      .leave({ event: 'call:cancel', payload: { callId: this.id }, direction })
      .then((view) => view && context.learn(view))
      .catch(() => undefined);
  }

  /** @internal Another user's from now on: what was asked for is not said any more. */
  abandon(): void {
    this.starting.abort();
    this.left.abort();
    this.finish();
  }

  /** @internal Nothing more will come. */
  finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.over.abort();
    this.emit('ended', this.view);
    this.context.changed(this);
  }

  protected override listenedTo(event: keyof CallEvents): void {
    if (event === 'signal') queueMicrotask(() => this.signaling.giveSignals());
  }

  private answered(view: CallView): void {
    const { answeredBy } = view;
    if (this.way === 'incoming' && answeredBy !== null && answeredBy !== this.context.deviceId) {
      const by = { userId: view.callee.userId, deviceId: answeredBy };
      this.handledElsewhere({ how: 'answered', by });
    } else this.signaling.restateMedia();
  }

  /** This device is out of the call, and the gateway may not know it yet. */
  private get hasLeft(): boolean {
    return this.left.signal.aborted;
  }

  private leave<E extends LeaveEvent>(event: E, payload: Payloads[E]): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.leaveAtOnce();
        resolve();
      };
      this.context.outbox.leave({ event, payload, direction: this.way, late }).then(
        (view) => {
          if (view) this.context.learn(view);
          else this.starting.abort();
          resolve();
        },
        // Who wants a call to be over does not mind why it is, nor that the answer to the wish got lost.
        (error: RingwayError) => (this.isOver ? resolve() : reject(error)),
      );
    });
  }

  private leaveAtOnce(): void {
    if (this.view === null) {
      this.error ??= new RingwayError('CANCELLED', 'The call was cancelled before the gateway knew of it.');
    }
    this.abandon();
  }

  private async say(event: 'call:ringing' | 'call:answer'): Promise<void> {
    const options = { signal: this.left.signal };
    try {
      const { call }: Answers[typeof event] = await this.context.commands.say(
        event,
        { callId: this.id },
        options,
      );
      this.context.learn(call);
    } catch (error) {
      if (!this.hasLeft) throw error;
      throw new RingwayError('CALL_ALREADY_ENDED', 'This device has hung up.');
    }
  }
}
