import type { Reach } from '../../src/devices/reach.js';
import type { NewJob } from '../../src/event-store/event.js';
import { PushDevice } from '../../src/ringing/push-device.js';
import { WakeCall, WakeCallHandler } from '../../src/ringing/wake-call.js';
import { noWake } from '../../src/ringing/wake-events.js';
import type { WakeDecision } from '../../src/ringing/wake-log.js';
import { gate } from '../event-store/given-store.js';
import { iPhone } from './reaches.js';

const phones = (count: number): Reach[] =>
  Array.from({ length: count }, (_, nr) => ({ ...iPhone(), deviceId: `iphone-${nr}` }));

/** The handler on its own: pushes stay under way until they are let go on. */
function wakeCall(reaches: Reach[]) {
  const pushed: PushDevice[] = [];
  const jobs: NewJob[] = [];
  const answers = gate();
  let underWay = 0;
  let most = 0;
  const call = { state: 'initiated', callId: 'call', callee: { userId: 'bob' } };
  const parts = {
    calls: { recall: async () => call },
    reaches: { of: async () => reaches },
    log: {
      record: async (_: string, decide: (wake: typeof noWake) => WakeDecision) =>
        void jobs.push(...(decide(noWake).jobs ?? [])),
    },
    sweeper: { nudge: () => undefined },
    commands: {
      execute: async (push: PushDevice) => {
        pushed.push(push);
        most = Math.max(most, ++underWay);
        await answers.opened;
        underWay--;
      },
    },
  };
  const handler = new WakeCallHandler(
    ...([parts.calls, parts.reaches, parts.log, parts.sweeper, parts.commands] as unknown as [
      ...[never, never, never, never, never],
    ]),
    { ringAckTimeoutMs: 1_500 } as never,
  );
  const done = handler.execute(new WakeCall('call'));
  return { done, pushed, jobs, answers, most: () => most };
}
const aWhile = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a call to somebody with many sleeping phones', () => {
  it('pushes ten of them at a time, and all of them in the end', async () => {
    const { done, pushed, answers, most } = wakeCall(phones(35));
    await aWhile();
    expect(pushed).toHaveLength(10);
    answers.open();
    await done;
    expect(pushed.map(({ deviceId }) => deviceId)).toEqual(phones(35).map(({ deviceId }) => deviceId));
    expect(most()).toBe(10);
  });

  it('leases a push for as long as it may have to wait for its turn', async () => {
    const { done, jobs, answers } = wakeCall(phones(21));
    answers.open();
    await done;
    expect([jobs[0], jobs[9], jobs[10], jobs[20]].map((job) => job?.leaseMs)).toEqual([
      3_000, 3_000, 6_000, 9_000,
    ]);
  });

  it('says of each push where it goes and when that was read, so that nobody sends one that has waited too long', async () => {
    const before = performance.now();
    const { done, pushed, answers } = wakeCall(phones(12));
    answers.open();
    await done;
    const readAt = pushed[0]?.known?.readAt ?? NaN;
    expect(readAt).toBeGreaterThanOrEqual(before);
    expect(pushed.map(({ known }) => known)).toEqual(
      Array.from({ length: 12 }, () => ({ address: iPhone().push, readAt })),
    );
  });
});
