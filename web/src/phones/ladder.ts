import { effect, signal } from '@preact/signals';
import type { Call, Platform, ProgressStep } from 'ringway-client';
import { virtualPhones } from './virtual-phones.js';
import { healedInWords, nameOf, titled } from './words.js';

export interface Rung {
  text: string;
  /** Milliseconds since the call was placed, by this browser's clock. */
  atMs: number;
  tone: 'good' | 'bad' | 'plain';
}

/** How far each rung is from the first: messages may overtake each other, and the ladder is in order all the same. */
const RANKS = {
  calling: 0,
  'push-sent': 1,
  healed: 2,
  'push-failed': 3,
  'push-accepted': 4,
  'socket-delivered': 5,
  unreachable: 6,
  ringing: 7,
  answered: 8,
  over: 9,
};

/** What a caller may know, and when: calling, push accepted, ringing on a phone that said so, answered. */
export class Ladder {
  readonly rungs = signal<Rung[]>([]);
  /** What has not happened yet, in words; null when nothing more is to come. */
  readonly next = signal<string | null>('The gateway records the call');
  private readonly since = performance.now();
  private readonly pushed = new Set<Platform | undefined>();
  private readonly known = new Map<string, Rung & { rank: number }>();

  constructor(
    private readonly call: Call,
    readonly callee: string,
  ) {
    this.add('calling', 'Calling');
    call.on('progress', (step) => this.progress(step));
    call.on('change', () => this.look());
    const unwatch = effect(() => this.lookAtPhone());
    call.on('ended', () => {
      this.look();
      unwatch();
    });
  }

  private progress({ step, platform }: ProgressStep): void {
    const vendor = platform === 'ios' ? 'Apple' : platform === 'android' ? 'Google' : 'the push service';
    if (step === 'push-sent') {
      this.pushed.add(platform);
      this.add(step, `Push sent to ${vendor}`);
    }
    if (step === 'push-accepted') this.add(step, `Push accepted by ${vendor}`);
    if (step === 'push-failed') this.add(step, `Push refused by ${vendor}`, 'bad');
    if (step === 'socket-delivered') {
      this.add(step, this.pushed.has(platform) ? 'The woken app connects' : 'Delivered to an open app');
    }
    if (step === 'unreachable') this.add(step, 'No phone can be reached', 'bad');
  }

  private look(): void {
    const { view, state } = this.call;
    const over = state === 'ended' || state === 'answered';
    this.next.value = over ? null : state === 'ringing' ? 'Somebody picks up' : 'A phone says that it rings';
    if (!view) return;
    if (view.ringingAt !== null) this.add('ringing', `Ringing on ${this.device()}`);
    if (view.answeredAt !== null) this.add('answered', `Answered by ${nameOf(view.callee)}`);
    if (state === 'ended' && view.outcome === 'declined')
      this.add('over', `Declined by ${nameOf(view.callee)}`, 'plain');
    if (state === 'ended' && view.outcome === 'missed') this.add('over', 'Nobody picked up', 'plain');
  }

  /** What only the desk of the demo can see: that the first push went to the wrong environment. */
  private lookAtPhone(): void {
    const screen = virtualPhones.value?.find(({ userId }) => userId === this.callee)?.screen;
    const healed = screen?.callId === this.call.id ? healedInWords(screen.push) : null;
    if (healed !== null) this.add('healed', healed);
  }

  private device(): string {
    const phone = virtualPhones.value?.find(({ userId }) => userId === this.callee);
    const kind = phone ? (phone.platform === 'ios' ? 'iPhone' : 'Android') : 'browser';
    return `${nameOf(this.call.view?.callee ?? { userId: this.callee, name: titled(this.callee) })}’s ${kind}`;
  }

  private add(what: keyof typeof RANKS, text: string, tone: Rung['tone'] = 'good'): void {
    if (this.known.has(text)) return;
    this.known.set(text, { text, tone, atMs: performance.now() - this.since, rank: RANKS[what] });
    const inOrder = [...this.known.values()].sort((one, other) => one.rank - other.rank);
    // What was heard of late had happened when the next one was heard of.
    this.rungs.value = inOrder.map((rung, nr) => ({
      ...rung,
      atMs: Math.min(...inOrder.slice(nr).map(({ atMs }) => atMs)),
    }));
  }
}
