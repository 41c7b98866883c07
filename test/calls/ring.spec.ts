import { ring } from '../../src/calls/domain/decide.js';
import { MAX_RINGING_DEVICES } from '../../src/calls/domain/call.js';
import { given } from '../support/given.js';
import { answeredOn, initiated, pixel, ringingOn, tablet } from './cast.js';
import { everyCell } from './every-cell.js';

describe('a device says that it shows the call', () => {
  everyCell(
    'shows',
    { decide: (by) => (call) => ring(call, { by }), records: (by) => [ringingOn(by)] },
    // prettier-ignore
    {
      //               Alice's iPhone        Alice's iPad          Bob's Pixel           Bob's tablet          Mallory
      unknown:       ['CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND'],
      unseen:        ['NOT_ALLOWED',        'NOT_ALLOWED',        'happens',            'happens',            'CALL_NOT_FOUND'],
      ringsOnPixel:  ['NOT_ALLOWED',        'NOT_ALLOWED',        'nothing',            'happens',            'CALL_NOT_FOUND'],
      ringsOnTablet: ['NOT_ALLOWED',        'NOT_ALLOWED',        'happens',            'nothing',            'CALL_NOT_FOUND'],
      onPixel:       ['NOT_ALLOWED',        'NOT_ALLOWED',        'nothing',            'ANSWERED_ELSEWHERE', 'CALL_NOT_FOUND'],
      onTablet:      ['NOT_ALLOWED',        'NOT_ALLOWED',        'ANSWERED_ELSEWHERE', 'nothing',            'CALL_NOT_FOUND'],
      over:          ['CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_NOT_FOUND'],
    },
  );
});

describe('a ringing call', () => {
  it('rings on as many devices as say so, each of them once', () => {
    given(initiated, ringingOn(pixel)).when(ring, { by: tablet }).happens(ringingOn(tablet));
    given(initiated, ringingOn(pixel), ringingOn(tablet)).when(ring, { by: pixel }).nothingHappens();
    given(initiated, ringingOn(pixel), ringingOn(tablet)).when(ring, { by: tablet }).nothingHappens();
  });

  it('rings on a hundred devices at most: made-up ones do not fill its history', () => {
    const devices = Array.from({ length: MAX_RINGING_DEVICES }, (_, nr) => ({
      ...pixel,
      deviceId: `d${nr}`,
    }));
    const [last, ...others] = devices;
    given(initiated, ...others.map(ringingOn))
      .when(ring, { by: last! })
      .happens(ringingOn(last!));
    given(initiated, ...devices.map(ringingOn))
      .when(ring, { by: tablet })
      .nothingHappens();
  });

  it('once answered does not ring late on the device that answered without ringing', () =>
    given(initiated, answeredOn(pixel)).when(ring, { by: pixel }).nothingHappens());

  it('tells a device that rang, and says so again after the answer elsewhere, to stop', () =>
    given(initiated, ringingOn(tablet), answeredOn(pixel))
      .when(ring, { by: tablet })
      .refused('ANSWERED_ELSEWHERE'));
});
