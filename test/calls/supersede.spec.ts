import { type CallEvent, callOf } from '../../src/calls/domain/call.js';
import { supersede } from '../../src/calls/domain/decide.js';
import { given, recorded } from '../support/given.js';
import {
  answeredOn,
  cancelledOn,
  endedOn,
  iPad,
  iPhone,
  initiated,
  mallory,
  missed,
  pixel,
  ringingOn,
  superseded,
} from './cast.js';

describe('a call whose caller calls the same person again', () => {
  it.each<[string, CallEvent[]]>([
    ['nobody has seen', [initiated]],
    ['rings', [initiated, ringingOn(pixel)]],
  ])('makes room while it %s', (_, history) =>
    given(...history)
      .when(supersede, { by: iPhone })
      .happens(superseded),
  );

  it('makes room for a call from another device of the caller', () =>
    given(initiated)
      .when(supersede, { by: iPad })
      .happens({ type: 'CallCancelled', data: { deviceId: iPad.deviceId, reason: 'superseded' } }));

  it.each<[string, CallEvent[]]>([
    ['does not exist', []],
    ['was answered', [initiated, answeredOn(pixel)]],
    ['is over', [initiated, answeredOn(pixel), endedOn(pixel)]],
    ['was cancelled', [initiated, cancelledOn(iPhone)]],
    ['was missed', [initiated, missed]],
  ])('stays as it is when it %s', (_, history) =>
    given(...history)
      .when(supersede, { by: iPhone })
      .nothingHappens(),
  );

  it('stays when somebody else calls', () => {
    given(initiated).when(supersede, { by: pixel }).nothingHappens();
    given(initiated).when(supersede, { by: mallory }).nothingHappens();
  });

  it('is cancelled, and says why', () =>
    expect(callOf(recorded([initiated, superseded]))).toMatchObject({
      state: 'ended',
      outcome: 'cancelled',
      endReason: 'superseded',
    }));
});
