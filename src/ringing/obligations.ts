import type { CallEvent } from '../calls/domain/call.js';
import type { NewJob } from '../event-store/event.js';
import type { Obligations } from '../event-store/event-store.js';

/** How long the node that recorded an event has for what follows from it, before another node takes over. */
export const LEASE_MS = 3_000;

export const wakeKey = (callId: string): string => `wake ${callId}`;
export const timeoutKey = (callId: string): string => `ring-timeout ${callId}`;
export const longestKey = (callId: string): string => `max-duration ${callId}`;
export const overKey = (callId: string): string => `call-over ${callId}`;
export const pushKey = (callId: string, deviceId: string): string => `push ${callId} ${deviceId}`;
export const hedgeKey = (callId: string, deviceId: string): string => `hedge ${callId} ${deviceId}`;

/**
 * What the events of a call oblige us to do, committed with them: wake the callee, give up in time, close a forgotten
 * call, silence the phones that were pushed. A call that is over obliges to nothing but the last.
 */
export const callObligations =
  ({ callMaxDurationMs }: { callMaxDurationMs: number }): Obligations =>
  ({ streamId, events }) => {
    if (!streamId.startsWith('call-')) return {};
    const callId = streamId.slice('call-'.length);
    const job = (key: string, kind: string, dueInMs: number, leaseMs: number | null): NewJob => ({
      ...{ key, kind, payload: { callId }, dueInMs, leaseMs },
    });
    const first = events[0] as CallEvent | undefined;
    const last = events.at(-1) as CallEvent | undefined;
    switch (last?.type) {
      case 'CallInitiated':
        return {
          jobs: [
            job(wakeKey(callId), 'wake', 0, LEASE_MS),
            job(timeoutKey(callId), 'ring-timeout', last.data.ringTimeoutMs, null),
          ],
        };
      case 'CallAnswered':
        return {
          cancelJobs: [wakeKey(callId), timeoutKey(callId)],
          jobs: [
            job(longestKey(callId), 'max-duration', callMaxDurationMs, null),
            job(overKey(callId), 'call-over', 0, LEASE_MS),
          ],
        };
      case 'CallEnded':
        if (last.data.reason !== 'participant_erased') return { cancelJobs: [longestKey(callId)] };
        // It may have ended before the answer.
        return {
          cancelJobs: [wakeKey(callId), timeoutKey(callId), longestKey(callId)],
          jobs: [job(overKey(callId), 'call-over', 0, LEASE_MS)],
        };
      case 'CallDeclined':
      case 'CallCancelled':
      case 'CallMissed':
      case 'CallFailed':
        if (first !== last) return {}; // begun and over in one append: it never rang
        return {
          cancelJobs: [wakeKey(callId), timeoutKey(callId)],
          jobs: [job(overKey(callId), 'call-over', 0, LEASE_MS)],
        };
      case 'CallRinging':
      case undefined:
        return {};
    }
  };
