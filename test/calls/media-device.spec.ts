import type { Actor, Call, CallEvent } from '../../src/calls/domain/call.js';
import { callOf } from '../../src/calls/domain/call.js';
import { mediaDevice, seenBy } from '../../src/calls/domain/decide.js';
import { given, recorded } from '../support/given.js';
import { answeredOn, iPad, iPhone, initiated, mallory, pixel } from './cast.js';
import { everyCell } from './every-cell.js';

/** It changes nothing, whatever it says. */
const takesPart = (call: Call, by: Actor): CallEvent[] => {
  mediaDevice(call, by);
  return [];
};

describe("somebody's device sends signals or its media state", () => {
  everyCell(
    'takes part in',
    { decide: (by) => (call) => takesPart(call, by), records: () => [] },
    // prettier-ignore
    {
      //               Alice's iPhone        Alice's iPad          Bob's Pixel           Bob's tablet          Mallory
      unknown:       ['CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND'],
      unseen:        ['nothing',            'NOT_ALLOWED',        'nothing',            'nothing',            'CALL_NOT_FOUND'],
      ringsOnPixel:  ['nothing',            'NOT_ALLOWED',        'nothing',            'nothing',            'CALL_NOT_FOUND'],
      ringsOnTablet: ['nothing',            'NOT_ALLOWED',        'nothing',            'nothing',            'CALL_NOT_FOUND'],
      onPixel:       ['nothing',            'NOT_ALLOWED',        'nothing',            'ANSWERED_ELSEWHERE', 'CALL_NOT_FOUND'],
      onTablet:      ['nothing',            'NOT_ALLOWED',        'ANSWERED_ELSEWHERE', 'nothing',            'CALL_NOT_FOUND'],
      over:          ['CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_NOT_FOUND'],
    },
  );

  it('is given the call it takes part in', () => {
    const call = callOf(recorded([initiated, answeredOn(pixel)]));
    expect(mediaDevice(call, iPhone)).toBe(call);
    expect(mediaDevice(call, pixel)).toBe(call);
  });

  it("is told why the caller's other device has no part", () =>
    expect(() => mediaDevice(callOf(recorded([initiated])), iPad)).toThrow(
      'The call was started on another device of yours.',
    ));
});

describe('a look at a call', () => {
  const look = (call: Call, by: { userId: string }): CallEvent[] => {
    seenBy(call, by);
    return [];
  };

  it('is for its two participants', () => {
    given(initiated).when(look, iPad).nothingHappens();
    given(initiated).when(look, pixel).nothingHappens();
  });

  it('shows a stranger exactly what a call that does not exist shows', () => {
    given(initiated).when(look, mallory).refused('CALL_NOT_FOUND');
    given().when(look, mallory).refused('CALL_NOT_FOUND');
    given().when(look, iPhone).refused('CALL_NOT_FOUND');
  });
});
