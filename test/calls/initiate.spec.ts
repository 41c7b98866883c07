import fc from 'fast-check';
import { initiate } from '../../src/calls/domain/decide.js';
import { given } from '../support/given.js';
import {
  aliceCallsBob,
  busyByPolicy,
  cancelledOn,
  endedOn,
  answeredOn,
  iPad,
  iPhone,
  initiated,
  initiatedBy,
  mallory,
  pixel,
} from './cast.js';
import { everyCell } from './every-cell.js';

const calleeOf = (userId: string): string => (userId === 'bob' ? 'alice' : 'bob');

describe('somebody calls with the same call id', () => {
  everyCell(
    'starts',
    {
      decide: (by) => (call) => initiate(call, { ...aliceCallsBob, by, callee: calleeOf(by.userId) }),
      records: (by) => [initiatedBy(by, calleeOf(by.userId))],
    },
    // prettier-ignore
    {
      //               Alice's iPhone  Alice's iPad  Bob's Pixel         Bob's tablet        Mallory
      unknown:       ['happens',       'happens',    'happens',          'happens',          'happens'],
      unseen:        ['nothing',       'nothing',    'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT'],
      ringsOnPixel:  ['nothing',       'nothing',    'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT'],
      ringsOnTablet: ['nothing',       'nothing',    'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT'],
      onPixel:       ['nothing',       'nothing',    'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT'],
      onTablet:      ['nothing',       'nothing',    'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT'],
      over:          ['nothing',       'nothing',    'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT', 'CALL_ID_CONFLICT'],
    },
  );
});

describe('a new call', () => {
  it('records who calls whom from which device, in what, and for how long it rings', () =>
    given()
      .when(initiate, aliceCallsBob)
      .happens({
        type: 'CallInitiated',
        data: {
          callId: aliceCallsBob.callId,
          caller: { userId: 'alice', deviceId: 'alices-iphone', name: 'Alice' },
          callee: { userId: 'bob' },
          media: 'video',
          metadata: { room: 'blue' },
          ringTimeoutMs: 45_000,
        },
      }));

  it('to oneself is refused, whatever else holds', () => {
    const self = { ...aliceCallsBob, callee: 'alice' };
    given().when(initiate, self).refused('SELF_CALL');
    given(initiated).when(initiate, self).refused('SELF_CALL');
    given()
      .when(initiate, { ...self, cancelledBefore: true, calleeBusy: true })
      .refused('SELF_CALL');
  });

  it('that was cancelled before it came is recorded, and over at once', () =>
    given()
      .when(initiate, { ...aliceCallsBob, cancelledBefore: true })
      .happens(initiated, cancelledOn(iPhone)));

  it('to somebody who is busy, where that is refused, is recorded as declined by nobody', () =>
    given()
      .when(initiate, { ...aliceCallsBob, calleeBusy: true })
      .happens(initiated, busyByPolicy));

  it('that was cancelled before it came is cancelled even if the callee is busy', () =>
    given()
      .when(initiate, { ...aliceCallsBob, cancelledBefore: true, calleeBusy: true })
      .happens(initiated, cancelledOn(iPhone)));
});

describe('the same call again', () => {
  it('changes nothing while it rings, when it is answered, and after its end', () => {
    given(initiated).when(initiate, aliceCallsBob).nothingHappens();
    given(initiated, answeredOn(pixel)).when(initiate, aliceCallsBob).nothingHappens();
    given(initiated, answeredOn(pixel), endedOn(pixel)).when(initiate, aliceCallsBob).nothingHappens();
  });

  it('changes nothing if it had been cancelled before it came, or met a busy callee', () => {
    given(initiated, cancelledOn(iPhone))
      .when(initiate, { ...aliceCallsBob, cancelledBefore: true })
      .nothingHappens();
    given(initiated, busyByPolicy)
      .when(initiate, { ...aliceCallsBob, calleeBusy: true })
      .nothingHappens();
  });

  it('is the same from another device of the caller, and under a changed display name', () =>
    given(initiated)
      .when(initiate, { ...aliceCallsBob, by: { ...iPad, name: 'Alice A.' } })
      .nothingHappens());

  it('is the same although the ring time-out was configured differently meanwhile', () =>
    given(initiated)
      .when(initiate, { ...aliceCallsBob, ringTimeoutMs: 5_000 })
      .nothingHappens());

  it.each([
    ['another callee', { callee: 'carol' }],
    ['another medium', { media: 'voice' as const }],
    ['other metadata', { metadata: { room: 'red' } }],
    ['more metadata', { metadata: { room: 'blue', seat: 1 } }],
    ['no metadata', { metadata: {} }],
    ['metadata of another type', { metadata: { room: ['blue'] } }],
    ['another caller', { by: mallory }],
  ])('is a conflict with %s', (_, change) =>
    given(initiated)
      .when(initiate, { ...aliceCallsBob, ...change })
      .refused('CALL_ID_CONFLICT'),
  );

  it('from the callee towards the caller is a conflict: glare has two ids', () =>
    given(initiated)
      .when(initiate, { ...aliceCallsBob, by: pixel, callee: 'alice' })
      .refused('CALL_ID_CONFLICT'));

  it('does not care in which order metadata has its names: PostgreSQL keeps another one', () =>
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (metadata) => {
        const kept = initiatedWith(metadata);
        given(kept)
          .when(initiate, { ...aliceCallsBob, metadata: reversed(metadata) as typeof metadata })
          .nothingHappens();
      }),
    ));

  it('does care in which order metadata has its lists', () =>
    given(initiatedWith({ order: [1, 2] }))
      .when(initiate, { ...aliceCallsBob, metadata: { order: [2, 1] } })
      .refused('CALL_ID_CONFLICT'));
});

const initiatedWith = (metadata: Record<string, unknown>): typeof initiated =>
  initiated.type === 'CallInitiated' ? { ...initiated, data: { ...initiated.data, metadata } } : initiated;

/** The same JSON with the names of every object in the opposite order. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, part]) => [name, reversed(part)]),
  );
};
