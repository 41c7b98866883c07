import {
  type Actor,
  type Call,
  type CallEvent,
  type ExistingCall,
  type Media,
  MAX_RINGING_DEVICES,
  isParticipant,
  isUnanswered,
} from './call.js';
import { CallRefused } from './refusal.js';

export interface Initiation {
  by: Actor;
  callId: string;
  callee: string;
  media: Media;
  metadata: Record<string, unknown>;
  ringTimeoutMs: number;
  /** The callee is in another live call and the policy is to reject (`BUSY_POLICY=reject`). */
  calleeBusy?: boolean;
  /** The caller cancelled this id before it arrived: it rings nobody. */
  cancelledBefore?: boolean;
}

/** Somebody calls somebody. Repeating it changes nothing; the same id with other content is a conflict. */
export function initiate(call: Call, command: Initiation): CallEvent[] {
  const { by, callId, callee, media, metadata, ringTimeoutMs } = command;
  if (by.userId === callee) throw new CallRefused('SELF_CALL');
  if (call.state !== 'none') {
    if (isRepetition(call, command)) return [];
    throw new CallRefused('CALL_ID_CONFLICT');
  }
  const initiated: CallEvent = {
    type: 'CallInitiated',
    data: { callId, caller: { ...by }, callee: { userId: callee }, media, metadata, ringTimeoutMs },
  };
  if (command.cancelledBefore) return [initiated, { type: 'CallCancelled', data: { deviceId: by.deviceId } }];
  if (command.calleeBusy) {
    return [initiated, { type: 'CallDeclined', data: { deviceId: null, name: null, reason: 'busy' } }];
  }
  return [initiated];
}

/** A device of the callee really shows the call. Each device says so once, and a call rings on so many devices at most. */
export function ring(call: Call, { by }: { by: Actor }): CallEvent[] {
  const seen = seenBy(call, by);
  if (seen.state === 'ended') throw new CallRefused('CALL_ALREADY_ENDED');
  onlyCallee(seen, by);
  if (seen.state === 'answered') {
    if (seen.answeredBy === by.deviceId) return [];
    throw new CallRefused('ANSWERED_ELSEWHERE');
  }
  if (seen.ringingOn.includes(by.deviceId) || seen.ringingOn.length >= MAX_RINGING_DEVICES) return [];
  return [{ type: 'CallRinging', data: { deviceId: by.deviceId, name: by.name } }];
}

/** The callee picks up on one device; any other device is too late, and so is anybody once the ring has expired. */
export function answer(call: Call, { by, now }: { by: Actor; now: number }): CallEvent[] {
  const seen = seenBy(call, by);
  if (seen.state === 'ended') throw new CallRefused('CALL_ALREADY_ENDED');
  onlyCallee(seen, by);
  if (seen.state === 'answered') {
    if (seen.answeredBy === by.deviceId) return []; // the phone lost our reply and asked again
    throw new CallRefused('ANSWERED_ELSEWHERE');
  }
  if (now >= seen.ringExpiresAt) throw new CallRefused('CALL_ALREADY_ENDED');
  return [{ type: 'CallAnswered', data: { deviceId: by.deviceId, name: by.name } }];
}

export function decline(call: Call, { by, reason }: { by: Actor; reason: 'declined' | 'busy' }): CallEvent[] {
  const seen = seenBy(call, by);
  if (seen.state === 'ended') return [];
  onlyCallee(seen, by);
  if (seen.state === 'answered') {
    throw new CallRefused(seen.answeredBy === by.deviceId ? 'ALREADY_ANSWERED' : 'ANSWERED_ELSEWHERE');
  }
  return [{ type: 'CallDeclined', data: { deviceId: by.deviceId, name: by.name, reason } }];
}

/** The caller gives up before the answer. */
export function cancel(call: Call, { by }: { by: Actor }): CallEvent[] {
  const seen = seenBy(call, by);
  if (seen.state === 'ended') return [];
  if (seen.caller.userId !== by.userId) throw new CallRefused('NOT_ALLOWED');
  if (seen.state === 'answered') throw new CallRefused('ALREADY_ANSWERED');
  return [{ type: 'CallCancelled', data: { deviceId: by.deviceId } }];
}

/** The caller calls the same person again: the new call takes this one's place. */
export const supersede = (call: Call, { by }: { by: Actor }): CallEvent[] =>
  isUnanswered(call) && call.caller.userId === by.userId
    ? [{ type: 'CallCancelled', data: { deviceId: by.deviceId, reason: 'superseded' } }]
    : [];

/** Either side hangs up after the answer. */
export function end(call: Call, { by }: { by: Actor }): CallEvent[] {
  const seen = seenBy(call, by);
  if (seen.state === 'ended') return [];
  if (seen.state !== 'answered') throw new CallRefused('NOT_ANSWERED');
  return [{ type: 'CallEnded', data: { deviceId: by.deviceId, reason: 'hangup' } }];
}

/** Nobody picked up in time. Losing the race against an answer is normal, hence silence. */
export const timeOut = (call: Call): CallEvent[] =>
  isUnanswered(call) ? [{ type: 'CallMissed', data: {} }] : [];

/** No socket is alive and no push can reach the callee. */
export const fail = (call: Call): CallEvent[] =>
  isUnanswered(call) ? [{ type: 'CallFailed', data: { reason: 'unreachable' } }] : [];

/** An answered call that nobody ended (`CALL_MAX_DURATION_MS`). */
export const expire = (call: Call): CallEvent[] =>
  call.state === 'answered' ? [{ type: 'CallEnded', data: { deviceId: null, reason: 'max_duration' } }] : [];

/** One of the two was erased: whatever the call had come to ends. */
export const erase = (call: Call): CallEvent[] =>
  call.state === 'none' || call.state === 'ended'
    ? []
    : [{ type: 'CallEnded', data: { deviceId: null, reason: 'participant_erased' } }];

/**
 * The participant's device that carries the media: the one that called, or the one that answered.
 * @throws CallRefused when this device has no part in the call's media any more
 */
export function mediaDevice(call: Call, by: Actor): ExistingCall {
  const seen = seenBy(call, by);
  if (seen.state === 'ended') throw new CallRefused('CALL_ALREADY_ENDED');
  if (seen.caller.userId === by.userId) {
    if (seen.caller.deviceId !== by.deviceId) {
      throw new CallRefused('NOT_ALLOWED', 'The call was started on another device of yours.');
    }
  } else if (seen.state === 'answered' && seen.answeredBy !== by.deviceId) {
    throw new CallRefused('ANSWERED_ELSEWHERE');
  }
  return seen;
}

/** For a stranger a call does not exist; that is checked before anything else, so that they learn nothing. */
export function seenBy(call: Call, by: { userId: string }): ExistingCall {
  if (call.state === 'none' || !isParticipant(call, by.userId)) throw new CallRefused('CALL_NOT_FOUND');
  return call;
}

function onlyCallee(call: ExistingCall, by: Actor): void {
  if (call.callee.userId !== by.userId) throw new CallRefused('NOT_ALLOWED');
}

/** What a command asks for, as one text: the same id with another one is a conflict. */
export const contentOf = ({ by, callee, media, metadata }: Initiation): string =>
  canonical({ caller: by.userId, callee, media, metadata });

const isRepetition = (call: ExistingCall, { by, callee, media, metadata }: Initiation): boolean =>
  call.caller.userId === by.userId &&
  call.callee.userId === callee &&
  call.media === media &&
  canonical(call.metadata) === canonical(metadata);

/** JSON with sorted keys: PostgreSQL's jsonb gives keys back in another order than they came. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
