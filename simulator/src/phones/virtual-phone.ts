import { randomUUID } from 'node:crypto';
import type { DeliveredPush } from '../delivery/inbox.js';
import { CallRequests } from './call-requests.js';
import { type AppState, PhoneApp, type PhoneOptions } from './phone-app.js';
import { PhoneCalls } from './phone-calls.js';
import {
  type CallScreen,
  type CallStage,
  type CallView,
  VirtualCall,
  callPush,
  callView,
} from './virtual-call.js';

/** What the person does when it rings, after so many milliseconds. */
export interface Script {
  does: 'answer' | 'decline';
  afterMs: number;
}

export interface VirtualPhoneOptions extends PhoneOptions {
  /** By default the person does nothing. */
  script?: Script;
}

/**
 * A phone with an app that does what docs/ios.md and docs/android.md tell app developers, and a person who answers,
 * declines or does nothing. It knows the gateway by HTTP and socket only, and its pushes come through the simulator.
 */
export abstract class VirtualPhone extends PhoneApp {
  /** Counts from the next ring. */
  script: Script | null;
  protected readonly calls = new PhoneCalls();
  private readonly requests: CallRequests;
  private last: VirtualCall | null = null;

  constructor(
    protected override readonly options: VirtualPhoneOptions & { name: string },
    pushToken: string,
  ) {
    super(options, pushToken);
    this.script = options.script ?? null;
    this.requests = new CallRequests(this.http, this.deviceId);
  }

  /** A push has just woken the app, and the gateway is being asked about the call. */
  protected abstract onWoken(call: VirtualCall): void;
  /** The ring has lasted its time, and nobody has said that it is over. */
  protected abstract onRingTimeout(call: VirtualCall): Promise<void>;

  /** The call on the screen; after a call the one that is over, until the app is opened, left or killed. */
  get screen(): CallScreen | null {
    return (this.calls.newest ?? this.last)?.screen ?? null;
  }

  /** Without a call, an app that is not in the foreground is asleep. */
  get state(): 'asleep' | 'awake' | CallStage {
    return this.screen?.stage ?? (this.app === 'foreground' ? 'awake' : 'asleep');
  }

  override kill(): void {
    // What rings goes on ringing, because the system shows it. A conversation dies with the app.
    for (const call of this.calls.in('calling', 'woken', 'in call')) call.end('killed');
    super.kill();
  }

  override async signOut(): Promise<void> {
    // Nobody would be there any more: the other side must not wait.
    const live = this.calls.all().filter((call) => call.live);
    await Promise.all(live.map((call) => this.leaveCall(call, 'signed-out')));
    await super.signOut();
  }

  /** The app was started again, and has forgotten everything: it goes on with the calls that are still alive. */
  async resume(): Promise<void> {
    for (const item of (await this.history()).reverse()) {
      const { data: view } = callView.safeParse(item);
      const call = view && !this.calls.get(view.callId) && VirtualCall.resumed(view, this);
      if (call) this.begin(call);
      else if (view) this.learnView(view, this.clock.now());
    }
    if (!this.busy) return;
    if (this.app === 'killed') this.enter('background');
    this.socket.open();
  }

  /** The user's last calls, newest first; none when the gateway does not answer. */
  async history(): Promise<unknown[]> {
    const reply = await this.http.asUser({ method: 'GET', path: '/v1/calls?limit=10' });
    const items = reply.outcome === 'ok' ? reply.body['items'] : [];
    return Array.isArray(items) ? (items as unknown[]) : [];
  }

  /** Calls somebody. @returns whether the gateway took the call */
  async call(userId: string, media: 'voice' | 'video' = 'voice'): Promise<boolean> {
    if (!this.socket.connected) await this.toForeground();
    const call = VirtualCall.placed(randomUUID(), userId, media);
    this.begin(call);
    const command = { callId: call.callId, callee: userId, media };
    const answer = await this.socket.emit('call:initiate', command);
    const { data: view } = callView.safeParse(answer?.['call']);
    if (!view) {
      this.finish(call, 'failed');
      await this.requests.act('cancel', call); // should the request still arrive
      return false;
    }
    const theirs = this.calls.get(view.callId);
    this.calls.add(view.callId, call); // merged: they were calling us at that moment
    if (theirs && theirs !== call) this.finish(theirs, 'merged');
    if (call.learn(view, this.deviceId)) this.moved(call);
    return true;
  }

  /** Picks up what rings; another conversation ends. @returns whether this phone got the call */
  async answer(call = this.ringing()): Promise<boolean> {
    const others = this.calls.in('in call');
    if (this.app === 'killed') this.enter('background'); // the system starts the app for it
    const reply = await this.requests.act('answer', call);
    if (reply.outcome === 'ok') {
      this.learn(reply.body['call']);
      this.socket.open(); // signals that wait for this phone are in its `sync`
      await Promise.all(others.map((other) => this.hangUp(other)));
      return call.stage === 'in call';
    }
    const elsewhere = reply.outcome === 'refused' && reply.code === 'ANSWERED_ELSEWHERE';
    if (reply.outcome === 'refused' && !elsewhere) await this.ask(call); // over already: the call itself says why
    this.finish(call, elsewhere ? 'answered-elsewhere' : 'failed');
    return false;
  }

  /** Declines what rings: quiet at once, and one request. @returns whether the gateway heard of it */
  async decline(call = this.ringing()): Promise<boolean> {
    return this.leaveCall(call, 'declined');
  }

  /** Lets it ring, whatever the script says. */
  ignore(call = this.ringing()): void {
    call.answersAt = null;
    this.changed();
  }

  /** The script has changed, and counts for what rings already. */
  follow(script: Script | null): void {
    this.script = script;
    for (const call of this.calls.in('ringing')) {
      if (script === null) call.answersAt = null;
      else if (call.answersAt === null) this.plan(call, script);
    }
    this.changed();
  }

  /** Ends a conversation, or gives up calling. @returns whether the gateway heard of it */
  async hangUp(call = this.calls.in('in call', 'calling').at(-1)): Promise<boolean> {
    if (!call) throw new Error(`${this.name} is in no call`);
    return this.leaveCall(call, call.stage === 'in call' ? 'completed' : 'cancelled');
  }

  protected override get busy(): boolean {
    return this.calls.newest !== null;
  }

  protected override async delivered({ payload, service }: DeliveredPush): Promise<void> {
    const { data: push } = callPush.safeParse(payload);
    if (!push || !this.signedIn) return;
    const known = this.calls.get(push.callId);
    if (known) known.ticket ??= push; // the socket was faster, or the push has come twice
    if (known) return;
    if (this.app === 'killed') this.enter('background');
    const call = VirtualCall.fromPush(push);
    call.push = { by: service, refusedBy: this.refusedBy(push.callId) };
    this.begin(call);
    this.onWoken(call);
    await this.ask(call);
    if (call.stage === 'woken') await this.ring(call);
  }

  protected override onEvent(
    event: string,
    { call, calls, serverTime, ...more }: Record<string, unknown>,
  ): void {
    if (event === 'call:progress' && this.calls.get(String(more['callId']))?.addStep(String(more['step']))) {
      this.changed();
    }
    const time = typeof serverTime === 'string' ? Date.parse(serverTime) : undefined;
    for (const view of event === 'sync' && Array.isArray(calls) ? calls : [call]) this.learn(view, time);
  }

  /** Asks the gateway what has become of a call: the preflight, where there is a ticket. */
  protected async ask(call: VirtualCall): Promise<void> {
    const reply = await this.requests.look(call);
    // A ticket that is refused has expired, and so has the ring.
    const expired = reply.outcome === 'refused' || call.looksExpired(this.clock.now());
    if (reply.outcome === 'ok') this.learn(reply.body);
    else if (expired) this.finish(call, 'missed');
  }

  /** Over at once on this phone; and the gateway is told. @returns whether it heard of it */
  private async leaveCall(call: VirtualCall, why: string): Promise<boolean> {
    const verb = call.stage === 'in call' ? 'end' : call.stage === 'calling' ? 'cancel' : 'decline';
    this.finish(call, why);
    const reply = await this.requests.act(verb, call);
    const crossed = reply.outcome === 'refused' && reply.code === 'ALREADY_ANSWERED';
    return (crossed ? await this.requests.act('end', call) : reply).outcome === 'ok';
  }

  protected finish(call: VirtualCall, why: string): void {
    if (call.end(why)) this.moved(call);
  }

  protected override enter(state: AppState): void {
    this.last = null;
    super.enter(state);
  }

  /** Shows the call, and says so: only that makes the caller see that it rings. */
  private async ring(call: VirtualCall): Promise<void> {
    if (this.stopped) return;
    const still = (): boolean => call.stage === 'ringing';
    call.stage = 'ringing';
    if (this.script) this.plan(call, this.script);
    this.moved(call);
    this.alarm(call.ringMs(this.clock.now()), () => still() && this.run(() => this.onRingTimeout(call)));
    const reply = await this.requests.act('ringing', call);
    if (reply.outcome === 'refused' && still()) await this.ask(call);
  }

  private plan(call: VirtualCall, { does, afterMs }: Script): void {
    const at = this.clock.now() + afterMs;
    call.answersAt = at;
    const act = (): Promise<boolean> => (does === 'answer' ? this.answer(call) : this.decline(call));
    this.alarm(afterMs, () => call.stage === 'ringing' && call.answersAt === at && this.run(act));
  }

  /** The service that refused the push for this call before another one took it, as the simulator's request log has it. */
  private refusedBy(callId: string): string | null {
    const refused = this.options.simulator.log.find(
      ({ token, body, verdict }) =>
        token === this.pushToken && verdict.status >= 400 && body.includes(callId),
    );
    return refused?.service ?? null;
  }

  /** What the gateway says of a call, whichever way it came. */
  private learn(spoken: unknown, serverTime = this.clock.now()): void {
    const { data: view } = callView.safeParse(spoken);
    if (view) this.learnView(view, serverTime);
  }

  private learnView(view: CallView, serverTime: number): void {
    const known = this.calls.get(view.callId);
    if (known?.learn(view, this.deviceId)) this.moved(known);
    const rings = view.callee.userId === this.userId && ['initiated', 'ringing'].includes(view.state);
    if (known || !rings) return;
    const call = VirtualCall.fromSocket(view, serverTime);
    this.begin(call);
    this.run(() => this.ring(call));
  }

  private begin(call: VirtualCall): void {
    this.calls.add(call.callId, call);
    this.moved(call);
  }

  private moved(call: VirtualCall): void {
    this.updatePhone({ onCall: this.calls.in('in call').length > 0 });
    this.last = call.live ? null : call;
    if (!call.live) this.leave();
    this.changed();
  }

  private ringing(): VirtualCall {
    const call = this.calls.in('ringing').at(-1);
    if (!call) throw new Error(`${this.name} does not ring`);
    return call;
  }
}
