import { z } from 'zod';

/**
 * How far a call has come on one phone. `woken`: a push is here and the phone asks whether it is still true; a call the
 * phone places itself is `calling`.
 */
export type CallStage = 'calling' | 'woken' | 'ringing' | 'in call' | 'over';

/** Which service brought a push, and which one refused it before, because the token is not one of its own. */
export interface PushWay {
  by: string;
  refusedBy: string | null;
}

/** What a phone shows of a call. */
export interface CallScreen {
  callId: string;
  stage: CallStage;
  incoming: boolean;
  peer: string;
  media: 'voice' | 'video';
  answeredAt: string | null;
  /** When the person picks up by themselves; null: they do not, as things are. */
  answersAt: string | null;
  /** The push that woke the phone. */
  push: PushWay | null;
  /** Why it is over: the call's outcome, or `answered-elsewhere`. */
  ended: string | null;
  /** What is known of its way to the other side, when this phone calls; see `call:progress`, and `ringing`. */
  ladder: string[];
}

const person = z.object({ userId: z.string(), name: z.string().nullable() });

/** A call as the gateway tells it, as far as a phone looks at it. */
export const callView = z.object({
  callId: z.string(),
  version: z.number(),
  caller: person,
  callee: person,
  media: z.enum(['voice', 'video']),
  state: z.enum(['initiated', 'ringing', 'answered', 'ended']),
  outcome: z.string().nullable(),
  answeredBy: z.string().nullable(),
  initiatedAt: z.iso.datetime(),
  answeredAt: z.iso.datetime().nullable(),
  ringExpiresAt: z.iso.datetime().transform(Date.parse),
});
export type CallView = z.output<typeof callView>;

/** The body of a call's push. FCM carries the same fields as text, so what is not text is taken from others that are. */
export const callPush = z.object({
  callId: z.uuid(),
  uuid: z.uuid(),
  handle: z.string().min(1),
  callerName: z.string(),
  media: z.enum(['voice', 'video']),
  serverTime: z.iso.datetime().transform(Date.parse),
  expiresAt: z.iso.datetime().transform(Date.parse),
  actionToken: z.string().min(1),
  gateway: z.url(),
});
export type CallPush = z.output<typeof callPush>;

/** What a push brought: enough to act on one call, from one device, without a login. */
export interface Ticket {
  actionToken: string;
  gateway: string;
}

interface Facts {
  callId: string;
  incoming: boolean;
  peer: string;
  media: 'voice' | 'video';
  expiresAt: number;
  serverTime: number;
}

/** One call on one phone: asleep until something comes, then woken, ringing, in call, over. It never goes back. */
export class VirtualCall {
  stage: CallStage;
  ended: string | null = null;
  ticket: Ticket | null = null;
  push: PushWay | null = null;
  /** By the phone's clock. */
  answersAt: number | null = null;
  private readonly ladder: string[] = [];
  private version = 0;
  private answeredAt: string | null = null;

  private constructor(
    private readonly facts: Facts,
    stage: CallStage,
  ) {
    this.stage = stage;
  }

  static fromPush({ callId, callerName, media, expiresAt, serverTime, ...ticket }: CallPush): VirtualCall {
    const call = new VirtualCall(
      { callId, incoming: true, peer: callerName, media, expiresAt, serverTime },
      'woken',
    );
    call.ticket = { actionToken: ticket.actionToken, gateway: ticket.gateway };
    return call;
  }

  /** A call that came over the socket, which would have told us if it were over. */
  static fromSocket({ callId, caller, media, ringExpiresAt }: CallView, serverTime: number): VirtualCall {
    const peer = caller.name ?? caller.userId;
    return new VirtualCall(
      { callId, incoming: true, peer, media, expiresAt: ringExpiresAt, serverTime },
      'woken',
    );
  }

  static placed(callId: string, peer: string, media: 'voice' | 'video'): VirtualCall {
    return new VirtualCall({ callId, incoming: false, peer, media, expiresAt: 0, serverTime: 0 }, 'calling');
  }

  /** A call that this phone was in before its app was started again. @returns null when there is none to go on with */
  static resumed(
    view: CallView,
    { userId, deviceId }: { userId: string; deviceId: string },
  ): VirtualCall | null {
    const incoming = view.callee.userId === userId;
    if (view.state === 'ended' || (incoming && view.answeredBy !== deviceId)) return null;
    const call = incoming
      ? VirtualCall.fromSocket(view, Date.parse(view.initiatedAt))
      : VirtualCall.placed(view.callId, view.callee.userId, view.media);
    call.learn(view, deviceId);
    return call;
  }

  get screen(): CallScreen {
    const { callId, incoming, peer, media } = this.facts;
    const { stage, ended, answeredAt, push } = this;
    const answersAt =
      stage === 'ringing' && this.answersAt !== null ? new Date(this.answersAt).toISOString() : null;
    const facts = { callId, stage, incoming, peer, media };
    return { ...facts, answeredAt, answersAt, push, ended, ladder: [...this.ladder] };
  }

  get callId(): string {
    return this.facts.callId;
  }

  get live(): boolean {
    return this.stage !== 'over';
  }

  /** By the phone's clock. That clock may be wrong, so this only decides when the gateway cannot be asked. */
  looksExpired(now: number): boolean {
    return now >= this.facts.expiresAt;
  }

  /** How long to ring: to the deadline, and never longer than the gateway meant, whatever the phone's clock says. */
  ringMs(now: number): number {
    const { expiresAt, serverTime } = this.facts;
    const left = expiresAt - now;
    return left > 0 ? Math.min(left, expiresAt - serverTime) : expiresAt - serverTime;
  }

  /** Every message carries the whole call. The highest version counts, whichever way it came; over is over. */
  learn(view: CallView, deviceId: string): boolean {
    if (!this.live || view.version <= this.version) return false;
    this.version = view.version;
    this.answeredAt = view.answeredAt;
    if (this.facts.incoming && view.answeredBy !== null && view.answeredBy !== deviceId) {
      return this.end('answered-elsewhere');
    }
    if (view.state === 'ended') return this.end(view.outcome ?? 'failed');
    if (view.state === 'ringing' && this.stage === 'calling') return this.addStep('ringing');
    if (view.state !== 'answered' || this.stage === 'in call') return false;
    this.stage = 'in call';
    return true;
  }

  /** The other side is a step closer. */
  addStep(step: string): boolean {
    if (this.facts.incoming || this.ladder.includes(step)) return false;
    this.ladder.push(step);
    return true;
  }

  end(why: string): boolean {
    if (!this.live) return false;
    this.stage = 'over';
    this.ended = why;
    return true;
  }
}
