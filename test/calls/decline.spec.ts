import { decline } from '../../src/calls/domain/decide.js';
import { given } from '../support/given.js';
import { declinedOn, initiated, pixel, ringingOn, tablet } from './cast.js';
import { everyCell } from './every-cell.js';

describe.each(['declined', 'busy'] as const)('somebody declines, reason %s', (reason) => {
  everyCell(
    'declines',
    { decide: (by) => (call) => decline(call, { by, reason }), records: (by) => [declinedOn(by, reason)] },
    // prettier-ignore
    {
      //               Alice's iPhone    Alice's iPad      Bob's Pixel           Bob's tablet          Mallory
      unknown:       ['CALL_NOT_FOUND', 'CALL_NOT_FOUND', 'CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND'],
      unseen:        ['NOT_ALLOWED',    'NOT_ALLOWED',    'happens',            'happens',            'CALL_NOT_FOUND'],
      ringsOnPixel:  ['NOT_ALLOWED',    'NOT_ALLOWED',    'happens',            'happens',            'CALL_NOT_FOUND'],
      ringsOnTablet: ['NOT_ALLOWED',    'NOT_ALLOWED',    'happens',            'happens',            'CALL_NOT_FOUND'],
      onPixel:       ['NOT_ALLOWED',    'NOT_ALLOWED',    'ALREADY_ANSWERED',   'ANSWERED_ELSEWHERE', 'CALL_NOT_FOUND'],
      onTablet:      ['NOT_ALLOWED',    'NOT_ALLOWED',    'ANSWERED_ELSEWHERE', 'ALREADY_ANSWERED',   'CALL_NOT_FOUND'],
      over:          ['nothing',        'nothing',        'nothing',            'nothing',            'CALL_NOT_FOUND'],
    },
  );
});

describe('a decline', () => {
  it('again, also with another reason, changes nothing: the call is over', () => {
    given(initiated, declinedOn(pixel)).when(decline, { by: pixel, reason: 'declined' }).nothingHappens();
    given(initiated, declinedOn(pixel)).when(decline, { by: pixel, reason: 'busy' }).nothingHappens();
  });

  it('on one device ends the call for all of them', () =>
    given(initiated, ringingOn(tablet), declinedOn(pixel))
      .when(decline, { by: tablet, reason: 'declined' })
      .nothingHappens());
});
