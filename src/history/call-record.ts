import type { ExistingCall } from '../calls/domain/call.js';
import { type CallView, viewOf } from '../calls/domain/call-view.js';

/** A line of somebody's call history. Seconds are whole, rounded. */
export interface CallRecord extends CallView {
  direction: 'incoming' | 'outgoing';
  /** From the first device that showed the call to its answer or end; 0 when none ever did. */
  ringSeconds: number;
  /** From the answer to the end, or until now; 0 when it was never answered. */
  talkSeconds: number;
}

export function recordOf(call: ExistingCall, userId: string, now: number): CallRecord {
  const endedAt = call.state === 'ended' ? call.endedAt : now;
  const answeredAt = call.state === 'answered' || call.state === 'ended' ? call.answeredAt : null;
  return {
    ...viewOf(call),
    direction: call.caller.userId === userId ? 'outgoing' : 'incoming',
    ringSeconds: call.ringingAt === null ? 0 : seconds((answeredAt ?? endedAt) - call.ringingAt),
    talkSeconds: answeredAt === null ? 0 : seconds(endedAt - answeredAt),
  };
}

const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1_000));
