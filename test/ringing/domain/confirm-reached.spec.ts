import { confirmReached } from '../../../src/ringing/domain/confirm-reached.js';
import { hedgeKey } from '../../../src/ringing/domain/jobs.js';
import { given } from '../given-wake.js';
import { askedByPush, askedBySocket, reached } from '../given-devices.js';

const facts = { callId: 'call', deviceId: 'iphone', via: 'socket' } as const;

describe('a device that shows that it has the call', () => {
  it.each([
    ['after it was asked over its socket', [askedBySocket('iphone')]],
    ['after it was pushed', [askedByPush('iphone')]],
    ['unasked', []],
  ])('%s is recorded, and not pushed as well', (_, events) =>
    expect(given(...events).when(confirmReached, facts)).toMatchObject({
      events: [{ type: 'DeviceReached', data: { deviceId: 'iphone', via: 'socket' } }],
      cancels: [hedgeKey('call', 'iphone')],
    }),
  );

  it('is recorded once', () =>
    expect(given(reached('iphone')).when(confirmReached, facts)).toMatchObject({ happens: [], cancels: [] }));

  it('is not recorded as the two hundred and first of one call', () => {
    const others = Array.from({ length: 200 }, (_, nr) => askedBySocket(`device-${nr}`));
    expect(given(...others).when(confirmReached, facts).happens).toEqual([]);
    expect(given(...others).when(confirmReached, { ...facts, deviceId: 'device-7' }).happens).toEqual([
      'DeviceReached device-7',
    ]);
  });
});
