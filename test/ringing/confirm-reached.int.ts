import { randomUUID } from 'node:crypto';
import { Reaches } from '../../src/devices/reachability.js';
import { ConfirmReached, ConfirmReachedHandler } from '../../src/ringing/confirm-reached.js';
import type { WakeEvent } from '../../src/ringing/domain/wake.js';
import { Wakes } from '../../src/ringing/wakes.js';
import { givenStore } from '../event-store/given-store.js';
import { askedByPush, askedBySocket } from './given-devices.js';

const given = givenStore();

/** A call to bob, and what was recorded of waking his devices. */
async function aCall(...events: WakeEvent[]) {
  const callId = randomUUID();
  const wakes = new Wakes(given.node(), { publish: () => undefined } as never);
  if (events.length > 0) await wakes.change(callId, () => ({ events }));
  const call = { state: 'initiated', callId, callee: { userId: 'bob' } };
  const handler = new ConfirmReachedHandler(
    wakes,
    { recall: async () => call } as never,
    new Reaches(given.pool),
  );
  const confirm = (deviceId: string, via: ConfirmReached['via']): Promise<void> =>
    handler.execute(new ConfirmReached(callId, deviceId, via));
  const recorded = (): Promise<string[]> => given.stream(`wake-${callId}`);
  return { confirm, recorded };
}

beforeAll(async () => {
  await given.rows(
    `insert into devices (user_id, device_id, platform, registered_at, last_seen_at)
     values ('bob', 'registered', 'web', now(), now()), ('carol', 'carols', 'web', now(), now())`,
  );
});

describe('a device that says it has the call', () => {
  it('is recorded once, when it was asked', async () => {
    const { confirm, recorded } = await aCall(askedByPush('iphone'));
    await confirm('iphone', 'preflight');
    await confirm('iphone', 'action');
    await confirm('iphone', 'socket');
    expect(await recorded()).toEqual(['1 WakeRequested', '2 DeviceReached']);
  });

  it('is recorded when it is registered, or says so on its socket, though nobody asked it', async () => {
    const { confirm, recorded } = await aCall();
    await confirm('registered', 'action');
    await confirm('browser', 'socket');
    expect(await recorded()).toEqual(['1 DeviceReached', '2 DeviceReached']);
  });

  it.each(['made up', 'carols'])(
    'is not recorded when the callee has no such device: %s',
    async (deviceId) => {
      const { confirm, recorded } = await aCall(askedByPush('iphone'));
      await confirm(deviceId, 'action');
      await confirm(deviceId, 'preflight');
      expect(await recorded()).toEqual(['1 WakeRequested']);
    },
  );

  it('is not recorded as the two hundred and first of one call', async () => {
    const asked = Array.from({ length: 199 }, (_, nr) => askedBySocket(`device-${nr}`));
    const { confirm, recorded } = await aCall(...asked);
    for (const name of ['one', 'two', 'three']) await confirm(name, 'socket');
    await confirm('device-0', 'socket');
    expect((await recorded()).slice(199)).toEqual(['200 DeviceReached', '201 DeviceReached']);
  });
});
