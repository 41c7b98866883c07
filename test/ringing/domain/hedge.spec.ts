import { hedge } from '../../../src/ringing/domain/hedge.js';
import { hedgeKey, pushKey } from '../../../src/ringing/domain/jobs.js';
import { given } from '../given-wake.js';
import { askedByPush, askedBySocket, browser, iPhone, reached } from '../given-devices.js';

const facts = { callId: 'call', deviceId: 'iphone', newPushId: () => 'push-1' };
const cancels = [hedgeKey('call', 'iphone')];

describe('a device whose socket has not acknowledged the call in time', () => {
  it('is pushed as well, by this node and at once', () => {
    const decision = given(askedBySocket('iphone')).when(hedge, { ...facts, reach: iPhone('foreground') });
    expect(decision.events).toMatchObject([
      {
        type: 'WakeRequested',
        data: { deviceId: 'iphone', channel: 'push', because: 'no-acknowledgement', pushId: 'push-1' },
      },
    ]);
    expect(decision.obliges).toEqual([{ key: pushKey('call', 'iphone'), dueInMs: 0, leaseMs: 3_000 }]);
    expect(decision.cancels).toEqual(cancels);
  });

  it.each([
    ['it has the call by now', [askedBySocket('iphone'), reached('iphone')], iPhone('foreground')],
    ['it was pushed already', [askedByPush('iphone')], iPhone()],
    ['no push can reach it', [askedBySocket('iphone')], { ...browser(), deviceId: 'iphone' }],
    ['the call rings no longer, or the device has gone', [askedBySocket('iphone')], undefined],
    [
      'two hundred others were asked, and it was not',
      Array.from({ length: 200 }, (_, nr) => askedBySocket(`device-${nr}`)),
      iPhone('foreground'),
    ],
  ])('is left alone when %s', (_, events, reach) =>
    expect(given(...events).when(hedge, { ...facts, reach })).toMatchObject({
      happens: [],
      obliges: [],
      cancels,
    }),
  );
});
