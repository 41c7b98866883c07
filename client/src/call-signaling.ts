import type { Commands } from './commands.js';
import { SeenSignals } from './seen-signals.js';
import type { CallState, CallView, Signal } from './wire.js';

export interface OwnMedia {
  audio: boolean;
  video: boolean;
  held?: boolean;
}

/** What the signaling needs of its call. */
interface Between {
  readonly id: string;
  readonly state: CallState;
  readonly sent: Promise<void>;
  on(event: 'change', listener: (view: CallView) => void): () => void;
}

/** Signals that nobody listened to yet. */
const MAX_UNHEARD = 256;
/** As many does the gateway keep until the call is answered. */
const SIGNALS_AHEAD = 64;

/** What the two devices of a call tell each other: signals, each once and in order, and what is muted. */
export class CallSignaling {
  private ownMedia: OwnMedia | null = null;
  /** Sent before the answer. */
  private ahead = 0;
  private signalsOut: Promise<unknown> = Promise.resolve();
  private mediaOut: Promise<unknown> = Promise.resolve();
  private readonly seen = new SeenSignals();
  private readonly unheard: Signal[] = [];

  /**
   * @param over aborted when the call is
   * @param app who hears the signals, when they listen
   */
  constructor(
    private readonly call: Between,
    private readonly commands: Commands,
    private readonly over: AbortSignal,
    private readonly app: { listens(): boolean; hear(signal: Signal): void },
  ) {
    over.addEventListener('abort', () => (this.unheard.length = 0));
  }

  sendSignal(signal: unknown): Promise<void> {
    const sending = Promise.all([this.call.sent, this.signalsOut.catch(() => undefined)]).then(async () => {
      if (this.call.state !== 'answered' && ++this.ahead > SIGNALS_AHEAD) await this.untilAnswered();
      const options = { signal: this.over, deadlineMs: Infinity };
      await this.commands.say('call:signal', { callId: this.call.id, signal }, options);
    });
    this.signalsOut = sending;
    sending.catch(() => undefined);
    return sending;
  }

  hearSignal(signal: Signal): void {
    if (this.over.aborted || !this.seen.isNew(signal)) return;
    this.unheard.push(signal);
    if (this.unheard.length > MAX_UNHEARD) this.unheard.shift();
    this.giveSignals();
  }

  /** What has come while nobody listened. */
  giveSignals(): void {
    while (this.app.listens() && !this.over.aborted) {
      const next = this.unheard.shift();
      if (!next) return;
      this.app.hear(next);
    }
  }

  async setMedia(media: OwnMedia): Promise<void> {
    this.ownMedia = { ...media };
    if (this.call.state === 'answered') await this.tellMedia();
  }

  /** The other side may not know, or not know any more, what is muted here. */
  restateMedia(): void {
    if (this.call.state === 'answered' && this.ownMedia) this.tellMedia().catch(() => undefined);
  }

  private tellMedia(): Promise<void> {
    const telling = this.mediaOut
      .catch(() => undefined)
      .then(async () => {
        const { audio, video, held = false } = this.ownMedia!;
        const options = { signal: this.over };
        await this.commands.say('call:media', { callId: this.call.id, audio, video, held }, options);
      });
    this.mediaOut = telling;
    return telling;
  }

  /** Or until it is over: then `over` tells. */
  private untilAnswered(): Promise<void> {
    return new Promise((resolve) => {
      const off = this.call.on('change', ({ state }) => {
        if (state === 'answered') done();
      });
      const done = (): void => {
        off();
        resolve();
      };
      this.over.addEventListener('abort', done);
      if (this.over.aborted) done();
    });
  }
}
