import type { UnansweredCall } from '../calls/domain/call.js';
import { rfc3339 } from '../calls/domain/call-view.js';

/** What a woken phone gets to know (contract, section 6); the same for both platforms. */
export interface CallPush {
  callId: string;
  /** The call id again, under the name CallKit libraries look for. */
  uuid: string;
  handle: string;
  callerId: string;
  callerName: string;
  hasVideo: boolean;
  media: string;
  serverTime: string;
  expiresAt: string;
  actionToken: string;
  gateway: string;
}

export function callPush(call: UnansweredCall, now: number, actionToken: string, gateway: string): CallPush {
  const { userId, name } = call.caller;
  return {
    callId: call.callId,
    uuid: call.callId,
    handle: userId,
    callerId: userId,
    callerName: name ?? userId,
    hasVideo: call.media === 'video',
    media: call.media,
    serverTime: rfc3339(now),
    expiresAt: rfc3339(call.ringExpiresAt),
    actionToken,
    gateway,
  };
}

/** FCM data messages hold nothing but strings. */
export const asStrings = (payload: object): Record<string, string> =>
  Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, String(value)]));
