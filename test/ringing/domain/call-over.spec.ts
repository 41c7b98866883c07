import type { Reach } from '../../../src/devices/reach.js';
import type { ExistingCall } from '../../../src/calls/domain/call.js';
import { callOverRecipients, mayHaveToTell } from '../../../src/ringing/domain/call-over.js';
import type { WakeEvent } from '../../../src/ringing/domain/wake.js';
import { askedByPush, askedBySocket, pixel, wakeAfter } from '../given-devices.js';

const pushed = (because: string): WakeEvent => {
  const { data } = askedByPush('pixel');
  return { type: 'WakeRequested', data: { ...data, platform: 'android', provider: 'fcm', because } as never };
};
const acknowledged: WakeEvent = { type: 'DeviceReached', data: { deviceId: 'pixel', via: 'socket' } };
const rejected = { type: 'PushRejected', data: { deviceId: 'pixel' } } as WakeEvent;
const ended = (change: object = {}): ExistingCall =>
  ({
    state: 'ended',
    outcome: 'cancelled',
    answeredBy: null,
    answeredAt: null,
    declinedBy: null,
    ...change,
  }) as ExistingCall;
const asked = (events: WakeEvent[], call: ExistingCall, reaches: Reach[] = [pixel()]) =>
  callOverRecipients(wakeAfter(...events), { call, reaches });
const told = (...given: Parameters<typeof asked>) =>
  asked(...given)?.recipients.map(({ deviceId }) => deviceId) ?? [];

describe('when a call rings no longer, an Android phone', () => {
  it('that was pushed and has no socket is told, with the outcome', () => {
    expect(asked([pushed('offline')], ended())).toMatchObject({
      outcome: 'cancelled',
      recipients: [{ deviceId: 'pixel' }],
    });
    const answered = ended({ state: 'answered', answeredBy: 'other', answeredAt: 1 });
    expect(asked([pushed('offline')], answered)).toMatchObject({ outcome: 'answered' });
  });

  it('that has a socket hears it there, unless that socket has not acknowledged the call', () => {
    expect(told([pushed('offline')], ended(), [pixel('foreground')])).toEqual([]);
    expect(told([pushed('no-acknowledgement')], ended(), [pixel('foreground')])).toEqual(['pixel']);
    expect(told([pushed('background'), acknowledged], ended(), [pixel('background')])).toEqual([]);
  });

  it('that answered or declined has stopped by itself', () => {
    expect(
      told([pushed('offline')], ended({ state: 'answered', answeredBy: 'pixel', answeredAt: 1 })),
    ).toEqual([]);
    expect(told([pushed('offline')], ended({ outcome: 'declined', declinedBy: 'pixel' }))).toEqual([]);
  });

  it('whose push was refused, or that was told over its socket only, does not ring by a push', () => {
    expect(mayHaveToTell(wakeAfter(pushed('offline'), rejected))).toBe(false);
    expect(mayHaveToTell(wakeAfter(askedBySocket('pixel')))).toBe(false);
    expect(mayHaveToTell(wakeAfter(pushed('offline')))).toBe(true);
  });

  it('is not told again when a user is erased after the answer', () =>
    expect(asked([pushed('offline')], ended({ endReason: 'participant_erased', answeredAt: 1 }))).toBeNull());

  it('is not told while it rings', () =>
    expect(asked([pushed('offline')], { state: 'ringing' } as ExistingCall)).toBeNull());
});

describe('when a call rings no longer, an iPhone', () => {
  it('is never told by a push', () => expect(mayHaveToTell(wakeAfter(askedByPush('iphone')))).toBe(false));
});
