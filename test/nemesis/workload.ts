import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from './chance.js';
import type { Person } from './person.js';

/** What people do while things break; which of them, when and to whom is the seed's choice. */
export class Workload {
  private readonly busy = new Set<Promise<unknown>>();
  private readonly callIds: string[] = [];

  constructor(
    private readonly people: readonly Person[],
    private readonly chance: Chance,
  ) {}

  async run(ms: number): Promise<void> {
    const end = Date.now() + ms;
    const wishes = this.chance.fork();
    while (Date.now() < end) {
      await pause(wishes.between(20, 130));
      this.begin(this.wish(wishes.fork()));
    }
  }

  async settled(): Promise<void> {
    while (this.busy.size > 0) await Promise.all(this.busy);
  }

  private async wish(chance: Chance): Promise<void> {
    const who = chance.pick(this.people);
    const { phone } = who;
    const what = chance.next();
    if (what < 0.4) return void (await this.call(chance, who, this.somebodyElse(chance, who)));
    if (what < 0.5) return this.raceToAnswer(chance, who);
    if (what < 0.58) return this.answerOrCancel(chance, who);
    if (what < 0.64) return this.glare(chance, who);
    if (what < 0.68) return this.cancelFirst(chance, who);
    if (what < 0.76) return this.mischief(chance, who);
    if (what < 0.82) return phone.reconnect(chance.between(0, 1));
    if (what < 0.86) return phone.loseConnection();
    if (what < 0.89) return phone.wake();
    if (what < 0.93)
      return void phone.say('device:state', { state: chance.pick(['background', 'foreground']) });
    if (phone.parts.platform !== 'web') phone.sleep(chance.is(0.5));
  }

  private async call(chance: Chance, from: Person, to: Person, callId = randomUUID()): Promise<string> {
    this.callIds.push(callId);
    from.placed.add(callId);
    const metadata = chance.is(0.3) ? { metadata: { room: chance.between(1, 9), b: 1, a: 2 } } : {};
    const payload = {
      callId,
      callee: to.phone.parts.userId,
      media: chance.pick(['voice', 'video']),
      ...metadata,
    };
    const { view } = await from.do('call:initiate', payload);
    if (view) from.placed.add(view.callId);
    if (!chance.is(0.2)) return callId;
    await pause(chance.between(0, 700));
    await from.do('call:cancel', { callId });
    return callId;
  }

  /** Two devices of the callee pick up in the same instant, on different nodes. */
  private async raceToAnswer(chance: Chance, from: Person): Promise<void> {
    const to = this.somebodyElse(chance, from);
    const [one, other] = chance.shuffled(this.devicesOf(to));
    const callId = randomUUID();
    this.callIds.push(callId);
    from.placed.add(callId);
    const { outcome } = await from.do('call:initiate', {
      callId,
      callee: to.phone.parts.userId,
      media: 'voice',
    });
    if (outcome !== 'ok') return;
    const [first, second] = chance.shuffled([0, 1]);
    const racing = one!.phone.post(first!, 'call:answer', { callId });
    if (chance.is(0.5)) await pause(chance.between(0, 3));
    await Promise.all([racing, other!.phone.post(second!, 'call:answer', { callId })]);
  }

  private async answerOrCancel(chance: Chance, from: Person): Promise<void> {
    const to = this.somebodyElse(chance, from);
    const callId = randomUUID();
    this.callIds.push(callId);
    from.placed.add(callId);
    const callee = to.phone.parts.userId;
    if ((await from.do('call:initiate', { callId, callee, media: 'video' })).outcome !== 'ok') return;
    const racers = chance.shuffled([
      () => from.phone.post(0, 'call:cancel', { callId }),
      () => to.phone.post(1, 'call:answer', { callId }),
    ]);
    const racing = racers[0]!();
    if (chance.is(0.5)) await pause(chance.between(0, 3));
    await Promise.all([racing, racers[1]!()]);
  }

  private async glare(chance: Chance, one: Person): Promise<void> {
    const other = this.somebodyElse(chance, one);
    await Promise.all([this.call(chance, one, other), this.call(chance, other, one)]);
  }

  /** The cancel overtakes its own call. */
  private async cancelFirst(chance: Chance, from: Person): Promise<void> {
    const callId = randomUUID();
    const cancelling = from.do('call:cancel', { callId });
    if (chance.is(0.6)) await cancelling;
    await Promise.all([cancelling, this.call(chance, from, this.somebodyElse(chance, from), callId)]);
  }

  /** Anything about any call, by anybody: too late, too early, repeated, or none of their business. */
  private async mischief(chance: Chance, who: Person): Promise<void> {
    const recent = this.callIds.slice(-12);
    if (recent.length === 0) return;
    const callId = chance.pick(recent);
    const event = chance.pick([
      'call:ringing',
      'call:answer',
      'call:decline',
      'call:cancel',
      'call:end',
      'call:preflight',
    ]);
    if (event === 'call:preflight') await who.phone.post(chance.between(0, 1), event, { callId });
    else if (chance.is(0.2)) await who.phone.signal(callId);
    else await who.do(event, { callId });
  }

  private somebodyElse(chance: Chance, who: Person): Person {
    const { userId } = who.phone.parts;
    return chance.pick(this.people.filter(({ phone }) => phone.parts.userId !== userId));
  }

  private devicesOf(who: Person): Person[] {
    return this.people.filter(({ phone }) => phone.parts.userId === who.phone.parts.userId);
  }

  private begin(work: Promise<void>): void {
    this.busy.add(work);
    void work.finally(() => this.busy.delete(work));
  }
}
