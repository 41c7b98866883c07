import { signal } from '@preact/signals';
import type { Call, ProgressStep } from 'ringway-client';
import { virtualPhones } from './virtual-phones.js';
import { nameOf, titled } from './words.js';

export interface Rung {
  text: string;
  /** Milliseconds since the call was placed, by this browser's clock. */
  atMs: number;
  tone: 'good' | 'bad';
}

/** What a caller may know, and when: calling, push accepted, ringing on a phone that said so, answered. */
export class Ladder {
  readonly rungs = signal<Rung[]>([]);
  /** What has not happened yet, in words; null when nothing more is to come. */
  readonly next = signal<string | null>('The gateway records the call');
  private readonly since = performance.now();
  private readonly said = new Set<string>();

  constructor(
    private readonly call: Call,
    readonly callee: string,
  ) {
    this.add('Calling');
    call.on('progress', (step) => this.progress(step));
    call.on('change', () => this.look());
    call.on('ended', () => this.look());
  }

  private progress({ step, platform }: ProgressStep): void {
    const vendor = platform === 'ios' ? 'Apple' : platform === 'android' ? 'Google' : 'the push service';
    if (step === 'push-sent') this.add(`Push sent to ${vendor}`);
    if (step === 'push-accepted') this.add(`Push accepted by ${vendor}`);
    if (step === 'push-failed') this.add(`Push refused by ${vendor}`, 'bad');
    if (step === 'socket-delivered') this.add('Delivered to an open app');
    if (step === 'unreachable') this.add('No phone can be reached', 'bad');
  }

  private look(): void {
    const { view, state } = this.call;
    const over = state === 'ended' || state === 'answered';
    this.next.value = over ? null : state === 'ringing' ? 'Somebody picks up' : 'A phone says that it rings';
    if (!view) return;
    if (view.ringingAt !== null) this.add(`Ringing on ${this.device()}`);
    if (view.answeredAt !== null) this.add(`Answered by ${nameOf(view.callee)}`);
    if (state === 'ended' && view.outcome === 'declined')
      this.add(`Declined by ${nameOf(view.callee)}`, 'bad');
    if (state === 'ended' && view.outcome === 'missed') this.add('Nobody picked up', 'bad');
  }

  private device(): string {
    const phone = virtualPhones.value?.find(({ userId }) => userId === this.callee);
    const kind = phone ? (phone.platform === 'ios' ? 'iPhone' : 'Android') : 'browser';
    return `${nameOf(this.call.view?.callee ?? { userId: this.callee, name: titled(this.callee) })}’s ${kind}`;
  }

  private add(text: string, tone: Rung['tone'] = 'good'): void {
    if (this.said.has(text)) return;
    this.said.add(text);
    const atMs = performance.now() - this.since;
    this.rungs.value = [...this.rungs.value, { text, atMs, tone }];
  }
}
