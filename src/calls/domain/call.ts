/** Who takes part, as their token named them at the time. */
export interface Person {
  userId: string;
  name: string | null;
}

/** Who acts: a user on one of their devices. */
export interface Actor {
  userId: string;
  deviceId: string;
  name: string | null;
}

export type Media = 'voice' | 'video';
export type Outcome = 'completed' | 'declined' | 'busy' | 'cancelled' | 'missed' | 'failed';
export type EndReason =
  | ('hangup' | 'declined' | 'busy' | 'cancelled' | 'timeout')
  | ('unreachable' | 'max_duration' | 'participant_erased' | 'superseded');

/** What can happen to a call. A type, once stored, is for ever: fields are added, meanings never change. */
export type CallEvent =
  | {
      type: 'CallInitiated';
      data: {
        callId: string;
        caller: Person & { deviceId: string };
        callee: { userId: string };
        media: Media;
        metadata: Record<string, unknown>;
        ringTimeoutMs: number;
      };
    }
  | { type: 'CallRinging'; data: { deviceId: string; name: string | null } }
  | { type: 'CallAnswered'; data: { deviceId: string; name: string | null } }
  | {
      type: 'CallDeclined';
      data: { deviceId: string | null; name: string | null; reason: 'declined' | 'busy' };
    }
  | {
      type: 'CallCancelled';
      /** Without a reason: the caller gave up. `superseded`: the caller called the same person again. */
      data: { deviceId: string | null; reason?: 'superseded' };
    }
  | { type: 'CallMissed'; data: Record<string, never> }
  | {
      type: 'CallEnded';
      data: { deviceId: string | null; reason: 'hangup' | 'max_duration' | 'participant_erased' };
    }
  | { type: 'CallFailed'; data: { reason: 'unreachable' } };

/** An event with the instant PostgreSQL recorded it, in milliseconds since the epoch. */
export type Recorded<E = CallEvent> = E & { at: number };

interface Begun {
  callId: string;
  version: number;
  caller: Person & { deviceId: string };
  callee: Person;
  media: Media;
  metadata: Record<string, unknown>;
  initiatedAt: number;
  ringExpiresAt: number;
  ringingAt: number | null;
  /** The callee's devices that said they show the call. */
  ringingOn: readonly string[];
}

export interface NoCall {
  state: 'none';
  version: 0;
}
export interface UnansweredCall extends Begun {
  state: 'initiated' | 'ringing';
}
export interface AnsweredCall extends Begun {
  state: 'answered';
  answeredAt: number;
  answeredBy: string;
}
export interface EndedCall extends Begun {
  state: 'ended';
  answeredAt: number | null;
  answeredBy: string | null;
  endedAt: number;
  outcome: Outcome;
  endReason: EndReason;
  /** The callee's device that declined; null when nobody did, or the gateway for a busy callee. */
  declinedBy: string | null;
}
export type ExistingCall = UnansweredCall | AnsweredCall | EndedCall;
export type Call = NoCall | ExistingCall;

export const noCall: NoCall = { state: 'none', version: 0 };

/**
 * Replays one recorded event. Reads nothing but its arguments, so a stream always folds to the same call. A type it
 * does not know changes nothing but the version.
 * @throws Error for an event that no decision could have recorded there
 */
export function evolve(call: Call, event: Recorded): Call {
  const version = call.version + 1;
  if (event.type === 'CallInitiated') {
    if (call.state !== 'none') throw outOfOrder(call, event);
    const { callId, caller, callee, media, metadata, ringTimeoutMs } = event.data;
    return {
      state: 'initiated',
      callId,
      version,
      caller,
      media,
      metadata,
      callee: { userId: callee.userId, name: null },
      initiatedAt: event.at,
      ringExpiresAt: event.at + ringTimeoutMs,
      ringingAt: null,
      ringingOn: [],
    };
  }
  if (call.state === 'none') throw new Error(`a call cannot begin with ${event.type}`);
  switch (event.type) {
    case 'CallRinging': {
      if (!isUnanswered(call)) throw outOfOrder(call, event);
      const ringingOn = [...call.ringingOn, event.data.deviceId];
      const ringingAt = call.ringingAt ?? event.at;
      return { ...call, version, callee: named(call, event), state: 'ringing', ringingAt, ringingOn };
    }
    case 'CallAnswered': {
      if (!isUnanswered(call)) throw outOfOrder(call, event);
      const answered = { answeredAt: event.at, answeredBy: event.data.deviceId };
      return { ...call, version, callee: named(call, event), state: 'answered', ...answered };
    }
    case 'CallDeclined':
      return over({ ...call, callee: named(call, event) }, event, event.data.reason, event.data.reason);
    case 'CallCancelled':
      return over(call, event, 'cancelled', event.data.reason ?? 'cancelled');
    case 'CallMissed':
      return over(call, event, 'missed', 'timeout');
    case 'CallFailed':
      return over(call, event, 'failed', event.data.reason);
    case 'CallEnded':
      return over(call, event, call.state === 'answered' ? 'completed' : 'failed', event.data.reason);
    default: // of a newer node in a rolling deploy
      return { ...call, version };
  }
}

/** Folds a whole stream. */
export const callOf = (history: readonly Recorded[]): Call => history.reduce<Call>(evolve, noCall);

export const isUnanswered = (call: Call): call is UnansweredCall =>
  call.state === 'initiated' || call.state === 'ringing';

/** Devices of the callee that are recorded as ringing; a user has at most 50 installs and 50 connections. */
export const MAX_RINGING_DEVICES = 100;

/** The two participants; for anybody else the call does not exist. */
export const isParticipant = (call: ExistingCall, userId: string): boolean =>
  call.caller.userId === userId || call.callee.userId === userId;

/** The callee's name is known once one of their devices has acted. */
const named = (call: ExistingCall, event: { data: { name: string | null } }): Person => ({
  userId: call.callee.userId,
  name: event.data.name ?? call.callee.name,
});

function over(call: ExistingCall, event: Recorded, outcome: Outcome, endReason: EndReason): EndedCall {
  if (call.state === 'ended') throw outOfOrder(call, event);
  if (call.state === 'answered' && event.type !== 'CallEnded') throw outOfOrder(call, event);
  const { answeredAt, answeredBy } =
    call.state === 'answered' ? call : { answeredAt: null, answeredBy: null };
  const version = call.version + 1;
  const declinedBy = event.type === 'CallDeclined' ? event.data.deviceId : null;
  const ended = { endedAt: event.at, outcome, endReason, declinedBy };
  return { ...call, version, state: 'ended', answeredAt, answeredBy, ...ended };
}

const outOfOrder = (call: ExistingCall, event: Recorded): Error =>
  new Error(`${event.type} cannot follow in a call that is ${call.state} (version ${call.version})`);
