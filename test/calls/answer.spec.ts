import { answer } from '../../src/calls/domain/decide.js';
import { given } from '../support/given.js';
import {
  RING_EXPIRES,
  answeredOn,
  cancelledOn,
  iPhone,
  inTime,
  initiated,
  mallory,
  missed,
  pixel,
  ringingOn,
  tablet,
} from './cast.js';
import { everyCell } from './every-cell.js';

describe('somebody picks up in time', () => {
  everyCell(
    'answers',
    { decide: (by) => (call) => answer(call, { by, now: inTime }), records: (by) => [answeredOn(by)] },
    // prettier-ignore
    {
      //               Alice's iPhone        Alice's iPad          Bob's Pixel           Bob's tablet          Mallory
      unknown:       ['CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND',     'CALL_NOT_FOUND'],
      unseen:        ['NOT_ALLOWED',        'NOT_ALLOWED',        'happens',            'happens',            'CALL_NOT_FOUND'],
      ringsOnPixel:  ['NOT_ALLOWED',        'NOT_ALLOWED',        'happens',            'happens',            'CALL_NOT_FOUND'],
      ringsOnTablet: ['NOT_ALLOWED',        'NOT_ALLOWED',        'happens',            'happens',            'CALL_NOT_FOUND'],
      onPixel:       ['NOT_ALLOWED',        'NOT_ALLOWED',        'nothing',            'ANSWERED_ELSEWHERE', 'CALL_NOT_FOUND'],
      onTablet:      ['NOT_ALLOWED',        'NOT_ALLOWED',        'ANSWERED_ELSEWHERE', 'nothing',            'CALL_NOT_FOUND'],
      over:          ['CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_ALREADY_ENDED', 'CALL_NOT_FOUND'],
    },
  );
});

describe('an answer', () => {
  const justInTime = { by: pixel, now: RING_EXPIRES - 1 };
  const tooLate = { by: pixel, now: RING_EXPIRES };

  it('in the last millisecond of the ring counts', () =>
    given(initiated, ringingOn(pixel)).when(answer, justInTime).happens(answeredOn(pixel)));

  it('at the moment the ring expires is too late, even where no timer has closed the call yet', () => {
    given(initiated).when(answer, tooLate).refused('CALL_ALREADY_ENDED');
    given(initiated, ringingOn(pixel)).when(answer, tooLate).refused('CALL_ALREADY_ENDED');
    given(initiated, ringingOn(pixel), missed).when(answer, tooLate).refused('CALL_ALREADY_ENDED');
  });

  it('needs no ringing first: an action token or glare answers at once', () =>
    given(initiated).when(answer, justInTime).happens(answeredOn(pixel)));

  it('repeated by the device that answered is the same answer, however late', () => {
    given(initiated, answeredOn(pixel)).when(answer, justInTime).nothingHappens();
    given(initiated, answeredOn(pixel)).when(answer, tooLate).nothingHappens();
  });

  it('too late tells a tablet that the Pixel was faster, not that the ring is over', () =>
    given(initiated, answeredOn(pixel))
      .when(answer, { by: tablet, now: RING_EXPIRES })
      .refused('ANSWERED_ELSEWHERE'));

  it('by the caller is never allowed, also not too late', () =>
    given(initiated).when(answer, { by: iPhone, now: RING_EXPIRES }).refused('NOT_ALLOWED'));

  it('from a device of the same name, but of another user, does not exist', () =>
    given(initiated, answeredOn(pixel))
      .when(answer, { by: { ...mallory, deviceId: pixel.deviceId }, now: inTime })
      .refused('CALL_NOT_FOUND'));

  it('that lost the race against a cancel is told that the call is over', () =>
    given(initiated, cancelledOn(iPhone)).when(answer, justInTime).refused('CALL_ALREADY_ENDED'));

  it('keeps the display name the token gave, and none where it gave none', () =>
    given(initiated)
      .when(answer, { by: { ...pixel, name: null }, now: inTime })
      .happens({ type: 'CallAnswered', data: { deviceId: pixel.deviceId, name: null } }));
});
