import type { CallEvent } from '../../../src/calls/domain/call.js';
import {
  LEASE_MS,
  callObligations,
  hedgeKey,
  longestKey,
  overKey,
  pushKey,
  timeoutKey,
  wakeKey,
} from '../../../src/ringing/domain/jobs.js';
import {
  answeredOn,
  busyByPolicy,
  callId,
  cancelledOn,
  declinedOn,
  endedOn,
  erased,
  failed,
  iPhone,
  initiated,
  missed,
  pixel,
  ringTimeoutMs,
  ringingOn,
} from '../../calls/cast.js';

const callMaxDurationMs = 3_600_000;
const after = (...events: CallEvent[]) =>
  callObligations({ callMaxDurationMs })({
    ...{ streamId: `call-${callId}`, expectedVersion: 0, events, actor: null, commandId: 'command' },
  });
const payload = { callId };

describe('a call', () => {
  it('that begins: wake the callee now, give up when the ring has expired', () =>
    expect(after(initiated)).toEqual({
      jobs: [
        { key: wakeKey(callId), kind: 'wake', payload, dueInMs: 0, leaseMs: LEASE_MS },
        { key: timeoutKey(callId), kind: 'ring-timeout', payload, dueInMs: ringTimeoutMs, leaseMs: null },
      ],
    }));

  it('that rings: nothing more', () => expect(after(ringingOn(pixel))).toEqual({}));

  it('whose user is erased: silence the phones, give up no more, and forget it', () =>
    expect(after(erased)).toEqual({
      cancelJobs: [wakeKey(callId), timeoutKey(callId), longestKey(callId)],
      jobs: [{ key: overKey(callId), kind: 'call-over', payload, dueInMs: 0, leaseMs: LEASE_MS }],
    }));

  it('that is answered: silence the others, close it when it is forgotten, and give up no more', () =>
    expect(after(answeredOn(pixel))).toEqual({
      cancelJobs: [wakeKey(callId), timeoutKey(callId)],
      jobs: [
        { key: longestKey(callId), kind: 'max-duration', payload, dueInMs: callMaxDurationMs, leaseMs: null },
        { key: overKey(callId), kind: 'call-over', payload, dueInMs: 0, leaseMs: LEASE_MS },
      ],
    }));

  it.each<[string, CallEvent]>([
    ['declined', declinedOn(pixel)],
    ['cancelled', cancelledOn(iPhone)],
    ['missed', missed],
    ['failed', failed],
  ])('that is %s: silence the phones, and give up no more', (_, event) =>
    expect(after(event)).toEqual({
      cancelJobs: [wakeKey(callId), timeoutKey(callId)],
      jobs: [{ key: overKey(callId), kind: 'call-over', payload, dueInMs: 0, leaseMs: LEASE_MS }],
    }),
  );

  it('that is ended: it cannot be forgotten any more', () =>
    expect(after(endedOn(pixel))).toEqual({ cancelJobs: [longestKey(callId)] }));

  it('that is over as soon as it begins wakes nobody, ever', () => {
    expect(after(initiated, cancelledOn(iPhone))).toEqual({});
    expect(after(initiated, busyByPolicy)).toEqual({});
  });

  it('that is only held or released obliges to nothing', () => expect(after()).toEqual({}));
});

describe('anything else that happens', () => {
  it.each(['wake-', 'device-', 'cancelled-', 'x-call-'])('in a stream %s… obliges to nothing', (prefix) =>
    expect(
      callObligations({ callMaxDurationMs })({
        ...{
          streamId: prefix + callId,
          expectedVersion: 0,
          events: [initiated],
          actor: null,
          commandId: 'command',
        },
      }),
    ).toEqual({}),
  );
});

describe('the names of jobs', () => {
  it('are one per kind, call and device', () => {
    const names = ['a', 'b'].flatMap((id) => [
      ...[wakeKey(id), timeoutKey(id), longestKey(id), overKey(id)],
      ...['x', 'y'].flatMap((deviceId) => [pushKey(id, deviceId), hedgeKey(id, deviceId)]),
    ]);
    expect(new Set(names).size).toBe(names.length);
  });
});
