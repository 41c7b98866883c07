import type { Actor, CallEvent } from '../../src/calls/domain/call.js';
import type { Initiation } from '../../src/calls/domain/decide.js';
import { START } from '../support/given.js';

/** Alice calls Bob from her iPhone. Mallory has nothing to do with it. */
export const iPhone: Actor = { userId: 'alice', deviceId: 'alices-iphone', name: 'Alice' };
export const iPad: Actor = { userId: 'alice', deviceId: 'alices-ipad', name: 'Alice' };
export const pixel: Actor = { userId: 'bob', deviceId: 'bobs-pixel', name: 'Bob' };
export const tablet: Actor = { userId: 'bob', deviceId: 'bobs-tablet', name: 'Bob' };
export const mallory: Actor = { userId: 'mallory', deviceId: 'mallorys-laptop', name: 'Mallory' };

export const callId = '01935a00-0000-7000-8000-000000000001';
export const ringTimeoutMs = 45_000;
export const RING_EXPIRES = START + ringTimeoutMs;
export const inTime = START + 5_000;

/** Alice's command: what she asked for, and asks again when she lost the reply. */
export const aliceCallsBob: Initiation = {
  by: iPhone,
  callId,
  callee: 'bob',
  media: 'video',
  metadata: { room: 'blue' },
  ringTimeoutMs,
};

export const initiatedBy = (by: Actor, callee: string): CallEvent => ({
  type: 'CallInitiated',
  data: {
    callId,
    caller: by,
    callee: { userId: callee },
    media: 'video',
    metadata: { room: 'blue' },
    ringTimeoutMs,
  },
});
export const initiated = initiatedBy(iPhone, 'bob');

export const ringingOn = ({ deviceId, name }: Actor): CallEvent => ({
  type: 'CallRinging',
  data: { deviceId, name },
});
export const answeredOn = ({ deviceId, name }: Actor): CallEvent => ({
  type: 'CallAnswered',
  data: { deviceId, name },
});
export const declinedOn = (
  { deviceId, name }: Actor,
  reason: 'declined' | 'busy' = 'declined',
): CallEvent => ({
  type: 'CallDeclined',
  data: { deviceId, name, reason },
});
export const busyByPolicy: CallEvent = {
  type: 'CallDeclined',
  data: { deviceId: null, name: null, reason: 'busy' },
};
export const cancelledOn = ({ deviceId }: Actor): CallEvent => ({
  type: 'CallCancelled',
  data: { deviceId },
});
export const superseded: CallEvent = {
  type: 'CallCancelled',
  data: { deviceId: iPhone.deviceId, reason: 'superseded' },
};
export const missed: CallEvent = { type: 'CallMissed', data: {} };
export const failed: CallEvent = { type: 'CallFailed', data: { reason: 'unreachable' } };
export const endedOn = ({ deviceId }: Actor): CallEvent => ({
  type: 'CallEnded',
  data: { deviceId, reason: 'hangup' },
});
export const tooLong: CallEvent = { type: 'CallEnded', data: { deviceId: null, reason: 'max_duration' } };
export const erased: CallEvent = {
  type: 'CallEnded',
  data: { deviceId: null, reason: 'participant_erased' },
};
