import { cancel } from '../../src/calls/domain/decide.js';
import { given } from '../support/given.js';
import { cancelledOn, iPad, iPhone, initiated, missed } from './cast.js';
import { everyCell } from './every-cell.js';

describe('somebody gives up before the answer', () => {
  everyCell(
    'cancels',
    { decide: (by) => (call) => cancel(call, { by }), records: (by) => [cancelledOn(by)] },
    // prettier-ignore
    {
      //               Alice's iPhone      Alice's iPad        Bob's Pixel       Bob's tablet      Mallory
      unknown:       ['CALL_NOT_FOUND',   'CALL_NOT_FOUND',   'CALL_NOT_FOUND', 'CALL_NOT_FOUND', 'CALL_NOT_FOUND'],
      unseen:        ['happens',          'happens',          'NOT_ALLOWED',    'NOT_ALLOWED',    'CALL_NOT_FOUND'],
      ringsOnPixel:  ['happens',          'happens',          'NOT_ALLOWED',    'NOT_ALLOWED',    'CALL_NOT_FOUND'],
      ringsOnTablet: ['happens',          'happens',          'NOT_ALLOWED',    'NOT_ALLOWED',    'CALL_NOT_FOUND'],
      onPixel:       ['ALREADY_ANSWERED', 'ALREADY_ANSWERED', 'NOT_ALLOWED',    'NOT_ALLOWED',    'CALL_NOT_FOUND'],
      onTablet:      ['ALREADY_ANSWERED', 'ALREADY_ANSWERED', 'NOT_ALLOWED',    'NOT_ALLOWED',    'CALL_NOT_FOUND'],
      over:          ['nothing',          'nothing',          'nothing',        'nothing',        'CALL_NOT_FOUND'],
    },
  );
});

describe('a cancel', () => {
  it('again, from whichever device, changes nothing', () => {
    given(initiated, cancelledOn(iPhone)).when(cancel, { by: iPhone }).nothingHappens();
    given(initiated, cancelledOn(iPhone)).when(cancel, { by: iPad }).nothingHappens();
  });

  it('that comes after the ring has run out finds its aim reached', () =>
    given(initiated, missed).when(cancel, { by: iPhone }).nothingHappens());
});
