import type { PushAddress } from '../../devices/reach.js';
import type { CallEvent } from '../../calls/domain/call.js';
import type { NewJob, Obligations } from '../../event-store/event.js';

/** How long the node that recorded an event has for what follows from it, before another node takes over. */
export const LEASE_MS = 3_000;

export type JobKind = 'wake' | 'ring-timeout' | 'max-duration' | 'push' | 'hedge' | 'call-over';

/** What a job of each kind is about. */
export interface JobPayload {
  callId: string;
  deviceId?: string;
}

export const wakeKey = (callId: string): string => `wake ${callId}`;
export const timeoutKey = (callId: string): string => `ring-timeout ${callId}`;
export const longestKey = (callId: string): string => `max-duration ${callId}`;
export const overKey = (callId: string): string => `call-over ${callId}`;
export const pushKey = (callId: string, deviceId: string): string => `push ${callId} ${deviceId}`;
export const hedgeKey = (callId: string, deviceId: string): string => `hedge ${callId} ${deviceId}`;

/** Of a whole call: due at once and leased to the node that records it, or due later and free for all then. */
const ofCall = (kind: JobKind, key: string, callId: string, dueInMs = 0): NewJob => ({
  key,
  kind,
  payload: { callId },
  dueInMs,
  leaseMs: dueInMs === 0 ? LEASE_MS : null,
});

/** Push the device now, by the node that records it, which knows where to. */
export const pushNow = (callId: string, deviceId: string, hint: PushAddress, leaseMs = LEASE_MS): NewJob => ({
  key: pushKey(callId, deviceId),
  kind: 'push',
  payload: { callId, deviceId },
  dueInMs: 0,
  leaseMs,
  hint,
});

export const pushAgain = (callId: string, deviceId: string, dueInMs: number): NewJob => ({
  key: pushKey(callId, deviceId),
  kind: 'push',
  payload: { callId, deviceId },
  dueInMs,
  leaseMs: null,
});

/** Push the device as well unless its socket acknowledges the call by then. */
export const hedgeLater = (callId: string, deviceId: string, dueInMs: number): NewJob => ({
  key: hedgeKey(callId, deviceId),
  kind: 'hedge',
  payload: { callId, deviceId },
  dueInMs,
  leaseMs: null,
});

/**
 * What the events of a call oblige us to do, committed with them: wake the callee, give up in time, close a forgotten
 * call, silence the phones that were pushed. A call that is over obliges to nothing but the last.
 */
export const callObligations =
  ({ callMaxDurationMs }: { callMaxDurationMs: number }): Obligations =>
  ({ streamId, events }) => {
    if (!streamId.startsWith('call-')) return {};
    const callId = streamId.slice('call-'.length);
    const first = events[0] as CallEvent | undefined;
    const last = events.at(-1) as CallEvent | undefined;
    switch (last?.type) {
      case 'CallInitiated':
        return {
          jobs: [
            ofCall('wake', wakeKey(callId), callId),
            ofCall('ring-timeout', timeoutKey(callId), callId, last.data.ringTimeoutMs),
          ],
        };
      case 'CallAnswered':
        return {
          cancelJobs: [wakeKey(callId), timeoutKey(callId)],
          jobs: [
            ofCall('max-duration', longestKey(callId), callId, callMaxDurationMs),
            ofCall('call-over', overKey(callId), callId),
          ],
        };
      case 'CallEnded':
        if (last.data.reason !== 'participant_erased') return { cancelJobs: [longestKey(callId)] };
        // It may have ended before the answer.
        return {
          cancelJobs: [wakeKey(callId), timeoutKey(callId), longestKey(callId)],
          jobs: [ofCall('call-over', overKey(callId), callId)],
        };
      case 'CallDeclined':
      case 'CallCancelled':
      case 'CallMissed':
      case 'CallFailed':
        if (first !== last) return {}; // begun and over in one append: it never rang
        return {
          cancelJobs: [wakeKey(callId), timeoutKey(callId)],
          jobs: [ofCall('call-over', overKey(callId), callId)],
        };
      case 'CallRinging':
      case undefined:
        return {};
    }
  };
