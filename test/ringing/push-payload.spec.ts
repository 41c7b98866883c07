import { type UnansweredCall, callOf } from '../../src/calls/domain/call.js';
import { asStrings, callPush } from '../../src/ringing/push-payload.js';
import { aliceCallsBob, callId, iPhone, initiated, initiatedBy } from '../calls/cast.js';
import { START, recorded } from '../support/given.js';

const pushFor = (event = initiated) =>
  callPush(
    callOf(recorded([event])) as UnansweredCall,
    START + 2_000,
    'action-token',
    'https://calls.example',
  );

describe('what a woken phone is told', () => {
  it('is everything it needs to ring, and to act with one request', () =>
    expect(pushFor()).toEqual({
      callId,
      uuid: callId,
      handle: 'alice',
      callerId: 'alice',
      callerName: 'Alice',
      hasVideo: true,
      media: 'video',
      serverTime: '2026-11-22T12:00:02.000Z',
      expiresAt: '2026-11-22T12:00:45.000Z',
      actionToken: 'action-token',
      gateway: 'https://calls.example',
    }));

  it('names a caller without a name by their id', () =>
    expect(pushFor(initiatedBy({ ...iPhone, name: null }, 'bob')).callerName).toBe('alice'));

  it('says nothing of the device that calls, nor of the metadata', () => {
    const told = JSON.stringify(pushFor());
    expect(told).not.toContain(iPhone.deviceId);
    expect(told).not.toContain(aliceCallsBob.metadata.room);
  });

  it('is the same for Android, in strings', () =>
    expect(asStrings(pushFor())).toEqual({ ...pushFor(), hasVideo: 'true' }));
});
