import { ANYBODY, type Claim } from '../event-store/event.js';
import type { CallEvent, ExistingCall } from './domain/call.js';

const EARLY_CANCEL_MS = 120_000;

/** One unanswered call per pair of people: a second one from the other side is glare, from the same side it supersedes. */
export const pairKey = (a: string, b: string): string => `pair ${JSON.stringify([a, b].sort())}`;
const live = (userId: string): string => `live ${userId}`;

/** Another name of a call, after a merge: for ever. */
export const aliasKey = (callId: string): string => `alias ${callId}`;
export const earlyCancelKey = (userId: string, callId: string): string => `cancelled ${callId} ${userId}`;
export const isPairKey = (key: string): boolean => key.startsWith('pair ');
export const isLiveKey = (key: string): boolean => key.startsWith('live ');
export const isEarlyCancelKey = (key: string): boolean => key.startsWith('cancelled ');

interface NewCall {
  callId: string;
  caller: string;
  callee: string;
}

/** Looked at by every new call: is the id another name of an older call, or was it cancelled before it came? */
export const namesOfNewCall = ({ callId, caller }: NewCall): Claim[] => [
  { key: aliasKey(callId), owner: null, kept: false },
  unlessCancelled(caller, callId),
];

/** Looked at: did the user cancel the id before its call came? */
export const unlessCancelled = (userId: string, callId: string): Claim => ({
  key: earlyCancelKey(userId, callId),
  owner: null,
  kept: false,
});

/**
 * Held by a call while it is live. The caller may start as many as they like; the callee may refuse a second one. The pair is
 * looked at for anybody's call and kept under the caller's name, as nodes of 0.1.0 look for it.
 */
export const placesOfNewCall = ({ caller, callee }: NewCall, busyPolicy: 'ring' | 'reject'): Claim[] => [
  { key: pairKey(caller, callee), owner: null, kept: false },
  { key: pairKey(caller, callee), owner: `caller ${caller}`, kept: true },
  ...(busyPolicy === 'reject'
    ? [
        { key: live(callee), owner: null, kept: true },
        { key: live(caller), owner: ANYBODY, kept: true },
      ]
    : []),
];

/**
 * Makes `callId` another name of a call, and of no other.
 * @param fingerprint of what was asked for under it, so that asking for something else is a conflict
 */
export const aliasClaim = (callId: string, fingerprint: string): Claim => ({
  key: aliasKey(callId),
  owner: fingerprint,
  kept: true,
});

/** What the fingerprint of an alias is made of. The content is personal, and claims are not sealed. */
export const aliasContent = (callId: string, of: string, content: string): string =>
  `${callId} ${of} ${content}`;

export const earlyCancelClaim = (userId: string, callId: string): Claim => ({
  key: earlyCancelKey(userId, callId),
  owner: null,
  kept: true,
  ttlMs: EARLY_CANCEL_MS,
});

/** What a call gives back: the pair once it is answered, everything once it is over. */
export function released({ caller, callee }: ExistingCall, events: readonly CallEvent[]): string[] {
  const last = events.at(-1)?.type;
  if (last === undefined || last === 'CallInitiated' || last === 'CallRinging') return [];
  const paired = pairKey(caller.userId, callee.userId);
  return last === 'CallAnswered' ? [paired] : [paired, live(caller.userId), live(callee.userId)];
}
