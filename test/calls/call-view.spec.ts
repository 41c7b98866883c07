import { type CallEvent, type ExistingCall, callOf } from '../../src/calls/domain/call.js';
import { viewOf } from '../../src/calls/domain/call-view.js';
import { recorded } from '../support/given.js';
import {
  answeredOn,
  callId,
  cancelledOn,
  endedOn,
  iPhone,
  initiated,
  missed,
  pixel,
  ringingOn,
} from './cast.js';

const viewAfter = (...history: CallEvent[]) => viewOf(callOf(recorded(history)) as ExistingCall);

const fresh = {
  callId,
  version: 1,
  caller: { userId: 'alice', name: 'Alice' },
  callee: { userId: 'bob', name: null },
  media: 'video',
  state: 'initiated',
  outcome: null,
  endReason: null,
  initiatedAt: '2026-11-22T12:00:00.000Z',
  ringingAt: null,
  answeredAt: null,
  endedAt: null,
  ringExpiresAt: '2026-11-22T12:00:45.000Z',
  answeredBy: null,
  metadata: { room: 'blue' },
};

describe('what clients see of a call', () => {
  it('is every field from the first message on, in the order of the contract', () => {
    expect(viewAfter(initiated)).toEqual(fresh);
    expect(Object.keys(viewAfter(initiated))).toEqual(Object.keys(fresh));
  });

  it('keeps the device the call was made on to ourselves', () =>
    expect(JSON.stringify(viewAfter(initiated))).not.toContain(iPhone.deviceId));

  it('says since when it rings', () =>
    expect(viewAfter(initiated, ringingOn(pixel))).toEqual({
      ...fresh,
      version: 2,
      state: 'ringing',
      ringingAt: '2026-11-22T12:00:01.000Z',
      callee: { userId: 'bob', name: 'Bob' },
    }));

  it('says which device answered, and when', () =>
    expect(viewAfter(initiated, ringingOn(pixel), answeredOn(pixel))).toMatchObject({
      version: 3,
      state: 'answered',
      outcome: null,
      endReason: null,
      answeredAt: '2026-11-22T12:00:02.000Z',
      answeredBy: 'bobs-pixel',
      endedAt: null,
    }));

  it('keeps the answer after the end, and says how it ended', () =>
    expect(viewAfter(initiated, answeredOn(pixel), endedOn(iPhone))).toMatchObject({
      version: 3,
      state: 'ended',
      outcome: 'completed',
      endReason: 'hangup',
      answeredAt: '2026-11-22T12:00:01.000Z',
      answeredBy: 'bobs-pixel',
      endedAt: '2026-11-22T12:00:02.000Z',
    }));

  it('has no answer where there was none', () => {
    const unanswered = { state: 'ended', answeredAt: null, answeredBy: null };
    expect(viewAfter(initiated, missed)).toMatchObject({
      ...unanswered,
      outcome: 'missed',
      endReason: 'timeout',
    });
    expect(viewAfter(initiated, cancelledOn(iPhone))).toMatchObject({ ...unanswered, outcome: 'cancelled' });
  });

  it('survives JSON unchanged', () => {
    const view = viewAfter(initiated, answeredOn(pixel), endedOn(iPhone));
    expect(JSON.parse(JSON.stringify(view))).toEqual(view);
  });
});
