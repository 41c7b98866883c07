import { end } from '../../src/calls/domain/decide.js';
import { given } from '../support/given.js';
import { answeredOn, endedOn, iPhone, initiated, pixel } from './cast.js';
import { everyCell } from './every-cell.js';

describe('somebody hangs up', () => {
  everyCell(
    'hangs up',
    { decide: (by) => (call) => end(call, { by }), records: (by) => [endedOn(by)] },
    // prettier-ignore
    {
      //               Alice's iPhone    Alice's iPad      Bob's Pixel       Bob's tablet      Mallory
      unknown:       ['CALL_NOT_FOUND', 'CALL_NOT_FOUND', 'CALL_NOT_FOUND', 'CALL_NOT_FOUND', 'CALL_NOT_FOUND'],
      unseen:        ['NOT_ANSWERED',   'NOT_ANSWERED',   'NOT_ANSWERED',   'NOT_ANSWERED',   'CALL_NOT_FOUND'],
      ringsOnPixel:  ['NOT_ANSWERED',   'NOT_ANSWERED',   'NOT_ANSWERED',   'NOT_ANSWERED',   'CALL_NOT_FOUND'],
      ringsOnTablet: ['NOT_ANSWERED',   'NOT_ANSWERED',   'NOT_ANSWERED',   'NOT_ANSWERED',   'CALL_NOT_FOUND'],
      onPixel:       ['happens',        'happens',        'happens',        'happens',        'CALL_NOT_FOUND'],
      onTablet:      ['happens',        'happens',        'happens',        'happens',        'CALL_NOT_FOUND'],
      over:          ['nothing',        'nothing',        'nothing',        'nothing',        'CALL_NOT_FOUND'],
    },
  );
});

describe('an end', () => {
  it('by both sides at once is one end', () =>
    given(initiated, answeredOn(pixel), endedOn(pixel)).when(end, { by: iPhone }).nothingHappens());
});
