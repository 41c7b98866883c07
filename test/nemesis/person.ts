import { setTimeout as pause } from 'node:timers/promises';
import type { CallView } from '../../src/calls/domain/call-view.js';
import type { DeliveredPush } from 'ringway-simulator';
import type { Chance } from './chance.js';
import type { Handset } from './handset.js';
import type { Operation } from './history.js';

const RETRYABLE = new Set(['lost', 'offline', 'UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL']);

/** Somebody with a phone: hears it ring, picks up or not, talks, hangs up; repeats what got lost, and sometimes what did not. */
export class Person {
  /** False once the round is over: no new wishes, what was begun is finished. */
  active = true;
  private readonly busy = new Set<Promise<unknown>>();
  private readonly seenRinging = new Set<string>();
  private readonly talking = new Set<string>();

  constructor(
    readonly phone: Handset,
    private readonly chance: Chance,
  ) {
    phone.acknowledges = () => chance.is(0.85);
    phone.onIncoming = (call) => this.ring(call, null);
    phone.onCall = (_event, call) => this.talk(call);
  }

  /** Everything this person has begun is over. */
  async settled(): Promise<void> {
    while (this.busy.size > 0) await Promise.all(this.busy);
  }

  /** A command as a careful app gives it: again when it got lost, with the same id. Impatient fingers give it twice. */
  do(event: string, payload: Record<string, unknown>, actionToken?: string): Promise<Operation> {
    return this.begin(this.attempt(event, payload, actionToken));
  }

  /** A push has reached the phone: the app asks what it is about before it shows anything. */
  pushed({ payload }: DeliveredPush): void {
    const { callId, actionToken, type } = payload as Record<string, string>;
    if (type === 'call-over' || !this.active || !callId) return;
    void this.begin(
      (async () => {
        const node = this.chance.between(0, 1);
        const { outcome, view } = await this.phone.post(node, 'call:preflight', { callId }, actionToken);
        if (outcome !== 'ok' || !view || view.state === 'answered' || view.state === 'ended') return;
        if (this.chance.is(0.5)) this.phone.wake();
        this.ring(view, actionToken ?? null);
      })(),
    );
  }

  private ring({ callId }: CallView, actionToken: string | null): void {
    if (!this.active || this.seenRinging.has(callId)) return;
    this.seenRinging.add(callId);
    const { chance } = this;
    const [shows, verdict, later] = [chance.is(0.6), chance.next(), chance.between(0, 600)];
    void this.begin(
      (async () => {
        const token = actionToken ?? undefined;
        if (shows) await this.do('call:ringing', { callId }, token);
        await pause(later);
        if (verdict < 0.5) await this.do('call:answer', { callId }, token);
        else if (verdict < 0.62)
          await this.do('call:decline', { callId, ...(verdict < 0.55 ? { reason: 'busy' } : {}) }, token);
      })(),
    );
  }

  /** The two phones in a call exchange signals; one of them may hang up. */
  private talk(call: CallView): void {
    const { userId, deviceId } = this.phone.parts;
    const mine = call.answeredBy === deviceId && call.callee.userId === userId;
    const calledByMe = call.caller.userId === userId && this.placed.has(call.callId);
    if (!this.active || call.state !== 'answered' || !(mine || calledByMe)) return;
    if (this.talking.has(call.callId)) return;
    this.talking.add(call.callId);
    const { callId } = call;
    const [signals, hangsUp, mutes] = [this.chance.between(1, 4), this.chance.is(0.35), this.chance.is(0.2)];
    void this.begin(
      (async () => {
        for (let nr = 0; nr < signals; nr++) {
          await this.phone.signal(callId);
          await pause(this.chance.between(0, 120));
        }
        if (mutes) await this.phone.say('call:media', { callId, audio: false, video: true });
        if (!hangsUp) return;
        await pause(this.chance.between(50, 600));
        await this.do('call:end', { callId });
      })(),
    );
  }

  /** The calls placed on this very phone. */
  readonly placed = new Set<string>();

  private async attempt(event: string, payload: Record<string, unknown>, token?: string): Promise<Operation> {
    const { phone, chance } = this;
    for (let tries = 1; ; tries++) {
      const viaHttp = token !== undefined || !phone.connected || chance.is(0.15);
      const node = chance.between(0, 1);
      const once = (): Promise<Operation> =>
        viaHttp ? phone.post(node, event, payload, token) : phone.say(event, payload);
      if (chance.is(0.12))
        void this.begin(chance.is(0.5) ? once() : phone.post(1 - node, event, payload, token));
      const operation = once();
      // The connection breaks under the command: it may have arrived or not.
      if (!viaHttp && chance.is(0.05)) phone.loseConnection();
      const done = await operation;
      if (!RETRYABLE.has(done.outcome) || tries === 4 || !this.active) return done;
      await pause(chance.between(20, 250));
    }
  }

  private begin<T>(work: Promise<T>): Promise<T> {
    this.busy.add(work);
    void work.finally(() => this.busy.delete(work));
    return work;
  }
}
