import type { CommandOptions, Commands } from './commands.js';
import { Emitter } from './emitter.js';
import { RingwayError } from './error.js';
import { InOrder } from './in-order.js';
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
  /** Over. The view is null when the gateway never knew of the call: look at `call.error`. */
  ended: [view: CallView | null];
}

export interface OwnMedia {
  audio: boolean;
  video: boolean;
  held?: boolean;
}

/** What a call needs of the client. */
export interface Line {
  readonly deviceId: string;
  readonly commands: Commands;
  /** Any view the gateway gave, so that all of them are kept in one place. */
  learn(view: CallView): void;
  /** Something about the call has changed. */
  changed(call: Call): void;
}

/** Signals that nobody listened to yet. */
const MAX_UNHEARD = 256;
/** As many does the gateway keep until the call is answered. */
const SIGNALS_AHEAD = 64;
/** After this time the gateway does not let a cancel wait for its call any more. */
const CANCEL_COUNTS_MS = 120_000;

/** One call, seen from this device. Its state is whatever the gateway said last; nothing is guessed. */
export class Call extends Emitter<CallEvents> {
  /** The newest state; null until the gateway knows of the call. */
  view: CallView | null = null;
  /** Why the call could not be started. */
  error: RingwayError | null = null;
  /** How far it got on its way to the callee (outgoing calls). */
  readonly progress: ProgressStep[] = [];
  /** What the other side has muted; null until it said so. */
  peerMedia: MediaState | null = null;
  /** Resolves when the gateway has recorded the call; rejects with a `RingwayError` when it could not be started. */
  sent: Promise<void> = Promise.resolve();
  /** @internal Picking up here, not yet acknowledged. */
  answering = false;
  private ownMedia: OwnMedia | null = null;
  private isOver = false;
  private wasElsewhere = false;
  /** Sent before the answer. */
  private signalsAhead = 0;
  private signalsOut: Promise<unknown> = Promise.resolve();
  private mediaOut: Promise<unknown> = Promise.resolve();
  private readonly seen = new InOrder();
  private readonly unheard: Signal[] = [];
  private readonly over = new AbortController();
  private readonly starting = new AbortController();
  /** This device has nothing more to do with the call, whatever the gateway says. */
  private readonly left = new AbortController();

  /** @internal */
  constructor(
    private callId: string,
    private way: Direction,
    private readonly line: Line,
  ) {
    super();
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

  async decline(reason?: DeclineReason): Promise<void> {
    const payload = { callId: this.id, ...(reason ? { reason } : {}) };
    await this.untilOver(async () => {
      this.line.learn((await this.line.commands.say('call:decline', payload)).call);
    });
  }

  /** Give up before the answer; works from the first instant, also while the call is still being sent. */
  async cancel(options?: CommandOptions): Promise<void> {
    await this.untilOver(async () => {
      const { call } = await this.line.commands.say('call:cancel', { callId: this.id }, options);
      if (call) this.line.learn(call);
      else this.starting.abort();
    });
  }

  /** Hang up an answered call. */
  async end(): Promise<void> {
    await this.untilOver(() => this.say('call:end'));
  }

  /** Cancel, decline or end: whatever gets this device out of the call in its present state. */
  async hangUp(): Promise<void> {
    if (this.isOver) return;
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
  async setMedia(media: OwnMedia): Promise<void> {
    this.ownMedia = { ...media };
    if (this.state === 'answered') await this.tellMedia();
  }

  /**
   * Any JSON up to 65,536 bytes for the other device, in order: none is sent before the one in front of it has arrived,
   * however long that takes while the call lives. What the gateway would not keep before the answer is kept here. When
   * an acknowledgement is lost with a connection, the signal is sent again, and may arrive twice.
   */
  sendSignal(signal: unknown): Promise<void> {
    const sending = Promise.all([this.sent, this.signalsOut.catch(() => undefined)]).then(async () => {
      if (this.state !== 'answered' && ++this.signalsAhead > SIGNALS_AHEAD) await this.untilAnswered();
      const options = { signal: this.over.signal, deadlineMs: Infinity };
      await this.line.commands.say('call:signal', { callId: this.id, signal }, options);
    });
    this.signalsOut = sending;
    sending.catch(() => undefined);
    return sending;
  }

  /** @internal Ask the gateway to make this call. */
  start(payload: Payloads['call:initiate'], united: (view: CallView) => void): void {
    const { commands } = this.line;
    this.sent = commands.say('call:initiate', payload, { signal: this.starting.signal }).then(
      ({ call, merged }) => (merged ? united(call) : this.line.learn(call)),
      (error: RingwayError) => {
        // It may have been recorded, and nobody waits for it any more.
        if (error.code === 'TIMEOUT') this.cancel({ deadlineMs: CANCEL_COUNTS_MS }).catch(() => undefined);
        this.error = error;
        this.finish();
        throw error;
      },
    );
    this.sent.catch(() => undefined);
  }

  /** @internal @returns whether this was news */
  merge(view: CallView): boolean {
    if (this.view && view.version <= this.view.version) return false;
    const before = this.view?.state;
    this.view = view;
    this.emit('change', view);
    if (view.state === 'answered' && before !== 'answered') this.answered(view);
    if (view.state === 'ended') this.finish();
    else this.line.changed(this);
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
    this.progress.push(step);
    this.emit('progress', step);
    this.line.changed(this);
  }

  /** @internal */
  hearSignal(signal: Signal): void {
    if (this.isOver || !this.seen.isNew(signal)) return;
    this.unheard.push(signal);
    if (this.unheard.length > MAX_UNHEARD) this.unheard.shift();
    this.giveSignals();
  }

  /** @internal */
  hearMedia(media: MediaState): void {
    this.peerMedia = media;
    this.emit('media', media);
    this.line.changed(this);
  }

  /** @internal */
  handledElsewhere(handled: HandledElsewhere): void {
    if (this.wasElsewhere) return;
    this.wasElsewhere = true;
    this.emit('handled-elsewhere', handled);
  }

  /** @internal Another gateway may serve us now, and it does not know what was muted. */
  restate(): void {
    if (this.state === 'answered' && this.ownMedia) this.tellMedia().catch(() => undefined);
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
    this.unheard.length = 0;
    this.emit('ended', this.view);
    this.line.changed(this);
  }

  protected override listenedTo(event: keyof CallEvents): void {
    if (event === 'signal') queueMicrotask(() => this.giveSignals());
  }

  private answered(view: CallView): void {
    const { answeredBy } = view;
    if (this.way === 'incoming' && answeredBy !== null && answeredBy !== this.line.deviceId) {
      const by = { userId: view.callee.userId, deviceId: answeredBy };
      this.handledElsewhere({ how: 'answered', by });
    } else this.restate();
  }

  /** Or until it is over: then `over` tells. */
  private untilAnswered(): Promise<void> {
    return new Promise((resolve) => {
      const off = this.on('change', ({ state }) => {
        if (state === 'answered') done();
      });
      const done = (): void => {
        off();
        resolve();
      };
      this.over.signal.addEventListener('abort', done);
      if (this.isOver) done();
    });
  }

  private tellMedia(): Promise<void> {
    const telling = this.mediaOut
      .catch(() => undefined)
      .then(async () => {
        const { audio, video, held = false } = this.ownMedia!;
        const options = { signal: this.over.signal };
        await this.line.commands.say('call:media', { callId: this.id, audio, video, held }, options);
      });
    this.mediaOut = telling;
    return telling;
  }

  private giveSignals(): void {
    while (this.listened('signal')) {
      const next = this.unheard.shift();
      if (!next) return;
      this.emit('signal', next.signal, next.from);
    }
  }

  /** Who wants a call to be over does not mind why it is, nor that the answer to the wish got lost. */
  private async untilOver(command: () => Promise<void>): Promise<void> {
    try {
      await command();
    } catch (error) {
      if (this.view?.state !== 'ended') throw error;
    }
  }

  private async say(event: 'call:ringing' | 'call:answer' | 'call:end'): Promise<void> {
    const options = { signal: this.left.signal };
    const { call }: Answers[typeof event] = await this.line.commands.say(event, { callId: this.id }, options);
    this.line.learn(call);
  }
}
