import { PushDevice, PushDeviceHandler } from '../../src/ringing/push-device.js';
import { gate } from '../event-store/given-store.js';

/** The handler on its own: each push waits for the call to be read. */
function given() {
  const reading: string[] = [];
  const read = gate();
  const calls = {
    load: async (callId: string) => {
      reading.push(callId);
      await read.opened;
      return { state: 'ended', callId };
    },
  };
  const wakes = { load: async () => ({ devices: {} }) };
  const finished: string[] = [];
  const jobs = { finish: async ({ key }: { key: string }) => void finished.push(key) };
  const nothing = {} as never;
  const handler = new PushDeviceHandler(
    calls as never,
    nothing,
    nothing,
    wakes as never,
    jobs as never,
    nothing,
    nothing,
    nothing,
    nothing,
    nothing,
  );
  return { handler, reading, read, finished };
}

describe('a call to somebody with many sleeping phones', () => {
  it('has ten pushes under way at a time, keeps no other call waiting, and pushes all of them in the end', async () => {
    const { handler, reading, read, finished } = given();
    const pushes = Array.from({ length: 35 }, (_, nr) =>
      handler.execute(new PushDevice('call', `phone ${nr}`, 1)),
    );
    pushes.push(handler.execute(new PushDevice('other', 'phone', 1)));
    expect(reading).toEqual([...Array<string>(10).fill('call'), 'other']);
    read.open();
    await Promise.all(pushes);
    expect(new Set(finished).size).toBe(36);
  });
});
