import { type CallEvent, callOf, evolve, noCall } from '../../src/calls/domain/call.js';
import { START, recorded } from '../support/given.js';
import {
  RING_EXPIRES,
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
  ringingOn,
  tablet,
  tooLong,
} from './cast.js';

const after = (...history: CallEvent[]) => callOf(recorded(history));

/** What a newer node records while this one is still being replaced. */
const fromTheFuture = { type: 'CallTransferred', data: { to: 'carol' } } as unknown as CallEvent;

describe('an event of a type that this node does not know', () => {
  it('changes nothing but the version', () => {
    const rings = after(initiated, ringingOn(pixel));
    expect(after(initiated, ringingOn(pixel), fromTheFuture)).toEqual({ ...rings, version: 3 });
  });

  it('keeps nothing from following', () =>
    expect(after(initiated, fromTheFuture, answeredOn(pixel), endedOn(pixel), fromTheFuture)).toMatchObject({
      state: 'ended',
      version: 5,
      outcome: 'completed',
    }));
});

describe('the story of a call', () => {
  it('begins with nothing', () => expect(after()).toEqual({ state: 'none', version: 0 }));

  it('begins when somebody calls; from then on it is known how long it may ring', () =>
    expect(after(initiated)).toEqual({
      state: 'initiated',
      version: 1,
      callId,
      media: 'video',
      metadata: { room: 'blue' },
      caller: { userId: 'alice', deviceId: 'alices-iphone', name: 'Alice' },
      callee: { userId: 'bob', name: null },
      initiatedAt: START,
      ringExpiresAt: RING_EXPIRES,
      ringingAt: null,
      ringingOn: [],
    }));

  it('rings since its first device rang, on all that said so', () =>
    expect(after(initiated, ringingOn(pixel), ringingOn(tablet))).toMatchObject({
      state: 'ringing',
      version: 3,
      ringingAt: START + 1_000,
      ringingOn: ['bobs-pixel', 'bobs-tablet'],
    }));

  it('is answered by one device, at one time', () =>
    expect(after(initiated, ringingOn(tablet), answeredOn(pixel))).toMatchObject({
      state: 'answered',
      version: 3,
      answeredBy: 'bobs-pixel',
      answeredAt: START + 2_000,
      ringingOn: ['bobs-tablet'],
    }));

  it.each<[string, CallEvent, object]>([
    ['declined', declinedOn(pixel), { outcome: 'declined', endReason: 'declined' }],
    ['declined as busy by a person', declinedOn(pixel, 'busy'), { outcome: 'busy', endReason: 'busy' }],
    ['declined as busy by the policy', busyByPolicy, { outcome: 'busy', endReason: 'busy' }],
    ['cancelled', cancelledOn(iPhone), { outcome: 'cancelled', endReason: 'cancelled' }],
    ['missed', missed, { outcome: 'missed', endReason: 'timeout' }],
    ['unreachable', failed, { outcome: 'failed', endReason: 'unreachable' }],
    ['cut short by an erasure', erased, { outcome: 'failed', endReason: 'participant_erased' }],
  ])('is over when %s, and was never answered', (_, end, how) =>
    expect(after(initiated, end)).toMatchObject({
      state: 'ended',
      version: 2,
      endedAt: START + 1_000,
      answeredAt: null,
      answeredBy: null,
      ...how,
    }),
  );

  it.each<[string, CallEvent, string]>([
    ['hung up', endedOn(iPhone), 'hangup'],
    ['forgotten', tooLong, 'max_duration'],
    ['cut short by an erasure', erased, 'participant_erased'],
  ])('is completed when it was answered and is %s', (_, end, endReason) =>
    expect(after(initiated, answeredOn(pixel), end)).toMatchObject({
      state: 'ended',
      version: 3,
      outcome: 'completed',
      endReason,
      answeredAt: START + 1_000,
      answeredBy: 'bobs-pixel',
      endedAt: START + 2_000,
    }),
  );

  it('learns the name of the callee from whatever device acts first, and does not forget it', () => {
    const nameless = { ...tablet, name: null };
    expect(after(initiated, ringingOn(pixel))).toMatchObject({ callee: { userId: 'bob', name: 'Bob' } });
    expect(after(initiated, answeredOn(pixel))).toMatchObject({ callee: { name: 'Bob' } });
    expect(after(initiated, declinedOn(pixel))).toMatchObject({ callee: { name: 'Bob' } });
    expect(after(initiated, ringingOn(pixel), answeredOn(nameless))).toMatchObject({
      callee: { name: 'Bob' },
    });
    expect(after(initiated, busyByPolicy)).toMatchObject({ callee: { name: null } });
  });

  it('is told again the same way: folding reads nothing but the events, and changes none', () => {
    const history = recorded([
      initiated,
      ringingOn(pixel),
      ringingOn(tablet),
      answeredOn(pixel),
      endedOn(iPhone),
    ]);
    const kept = structuredClone(history);
    expect(callOf(history)).toEqual(callOf(history));
    const halfway = callOf(history.slice(0, 2));
    const before = structuredClone(halfway);
    expect(history.slice(2).reduce(evolve, halfway)).toEqual(callOf(history));
    expect(halfway).toEqual(before);
    expect(history).toEqual(kept);
  });
});

describe('a history that no decision could have written', () => {
  const answered = [initiated, answeredOn(pixel)];
  const over = [...answered, endedOn(iPhone)];

  it.each<[string, CallEvent[]]>([
    ['begins with anything but a call', [answeredOn(pixel)]],
    ['begins twice', [initiated, initiated]],
    ['begins again after the answer', [...answered, initiated]],
    ['begins again after the end', [...over, initiated]],
    ['rings after the answer', [...answered, ringingOn(tablet)]],
    ['rings after the end', [...over, ringingOn(tablet)]],
    ['is answered twice', [...answered, answeredOn(tablet)]],
    ['is answered after the end', [initiated, missed, answeredOn(pixel)]],
    ['is declined after the answer', [...answered, declinedOn(tablet)]],
    ['is cancelled after the answer', [...answered, cancelledOn(iPhone)]],
    ['is missed after the answer', [...answered, missed]],
    ['fails after the answer', [...answered, failed]],
    ['ends twice', [...over, endedOn(pixel)]],
    ['is cancelled and missed', [initiated, cancelledOn(iPhone), missed]],
  ])('is refused: it %s', (_, history) => expect(() => after(...history)).toThrow(/cannot (begin|follow)/));

  it('is named by type, state and version, and by nothing a user said', () => {
    expect(() => after(...over, ringingOn(tablet))).toThrow(
      'CallRinging cannot follow in a call that is ended (version 3)',
    );
    expect(() => evolve(noCall, { ...missed, at: START })).toThrow('a call cannot begin with CallMissed');
  });
});
