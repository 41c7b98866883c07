import type { Actor, CallEvent } from '../../src/calls/domain/call.js';
import type { RefusalCode } from '../../src/calls/domain/refusal.js';
import { ringTimeoutMs } from './cast.js';

/** What a command came to: the types of the events it recorded, or the code of its refusal. */
export type Outcome = readonly CallEvent['type'][] | RefusalCode;

/** The contract about one call id, written a second time and as plainly as possible. Knows nothing of events or folds. */
export class Model {
  private phase: 'none' | 'waiting' | 'answered' | 'over' = 'none';
  private caller = '';
  private callee = '';
  private expiresAt = 0;
  private answeredOn = '';
  private readonly ringsOn = new Set<string>();

  expects(ask: string, { userId, deviceId }: Actor, now: number): Outcome {
    const waiting = this.phase === 'waiting';
    if (ask === 'timeOut') return waiting ? ['CallMissed'] : [];
    if (ask === 'fail') return waiting ? ['CallFailed'] : [];
    if (ask === 'expire') return this.phase === 'answered' ? ['CallEnded'] : [];
    if (ask === 'initiate') {
      if (this.phase === 'none') return ['CallInitiated'];
      return userId === this.caller ? [] : 'CALL_ID_CONFLICT';
    }
    if (this.phase === 'none' || (userId !== this.caller && userId !== this.callee)) return 'CALL_NOT_FOUND';
    if (this.phase === 'over') return ask === 'answer' || ask === 'ring' ? 'CALL_ALREADY_ENDED' : [];
    if (ask === 'end') return waiting ? 'NOT_ANSWERED' : ['CallEnded'];
    if ((ask === 'cancel') !== (userId === this.caller)) return 'NOT_ALLOWED';
    if (ask === 'cancel') return waiting ? ['CallCancelled'] : 'ALREADY_ANSWERED';
    if (!waiting) {
      if (this.answeredOn !== deviceId) return 'ANSWERED_ELSEWHERE';
      return ask === 'decline' ? 'ALREADY_ANSWERED' : [];
    }
    if (ask === 'decline') return ['CallDeclined'];
    if (ask === 'answer') return now < this.expiresAt ? ['CallAnswered'] : 'CALL_ALREADY_ENDED';
    return this.ringsOn.has(deviceId) ? [] : ['CallRinging'];
  }

  happened(outcome: Outcome, { userId, deviceId }: Actor, now: number): void {
    if (typeof outcome === 'string' || outcome.length === 0) return;
    switch (outcome[0]) {
      case 'CallInitiated':
        this.phase = 'waiting';
        this.caller = userId;
        this.callee = userId === 'bob' ? 'alice' : 'bob';
        this.expiresAt = now + ringTimeoutMs;
        return;
      case 'CallRinging':
        this.ringsOn.add(deviceId);
        return;
      case 'CallAnswered':
        this.phase = 'answered';
        this.answeredOn = deviceId;
        return;
      default:
        this.phase = 'over';
    }
  }
}
