import type { Append } from '../../src/event-store/event.js';
import { type WakeEvent } from '../../src/ringing/wake-events.js';
import { WakeLog } from '../../src/ringing/wake-log.js';
import { askedBySocket } from './reaches.js';

/** A log whose store takes everything. */
const aLog = (): WakeLog =>
  new WakeLog(
    { append: async () => ({ status: 'appended' }), read: async () => [] } as never,
    { publish: () => undefined } as never,
  );

describe('what a node remembers of wakes', () => {
  it('is bounded by the devices in them, and the wake used longest ago is forgotten first', async () => {
    const log = aLog();
    const events: WakeEvent[] = Array.from({ length: 199 }, (_, nr) => askedBySocket(`device-${nr}`));
    // Each weighs 200 of 20,000.
    for (let nr = 0; nr < 100; nr++) await log.record(`call-${nr}`, () => ({ events }));
    expect(log.known('call-0')).toBeDefined();
    await log.record('call-0', () => ({ events: [askedBySocket('device-0')] }));
    await log.record('small', () => ({ events: [askedBySocket('device')] }));
    expect(log.known('call-0')?.version).toBe(200);
    expect(log.known('call-1')).toBeUndefined();
    expect(log.known('call-2')).toBeDefined();
  });
});

describe('a wake that begins with a call of this node', () => {
  /** A log on a store that may hold this of the call already. */
  function logOn(...recorded: WakeEvent[]) {
    const appended: [version: number, types: string[]][] = [];
    let reads = 0;
    const store = {
      append: async ({ expectedVersion, events }: Append) => {
        if (expectedVersion !== recorded.length) return { status: 'conflict' };
        recorded.push(...(events as WakeEvent[]));
        appended.push([expectedVersion, events.map(({ type }) => type)]);
        return { status: 'appended' };
      },
      read: async () => {
        reads++;
        return recorded;
      },
    };
    const log = new WakeLog(store as never, { publish: () => undefined } as never);
    return { log, appended, reads: () => reads };
  }

  it('is not read: there is nothing yet', async () => {
    const { log, appended, reads } = logOn();
    log.begin('call');
    expect((await log.recall('call')).devices).toEqual({});
    await log.record('call', () => ({ events: [askedBySocket('phone')] }));
    expect(appended).toEqual([[0, ['WakeRequested']]]);
    expect(reads()).toBe(0);
  });

  it('is read and decided again when another node was faster', async () => {
    const { log, appended, reads } = logOn(askedBySocket('phone'));
    log.begin('call');
    await log.record('call', ({ devices }) => ({
      events: ['phone', 'tablet'].filter((name) => !devices[name]).map(askedBySocket),
    }));
    expect(appended).toEqual([[1, ['WakeRequested']]]);
    expect(reads()).toBe(1);
  });

  it('takes nothing back that is known of it already', async () => {
    const { log } = logOn();
    await log.record('call', () => ({ events: [askedBySocket('phone')] }));
    log.begin('call');
    expect(log.known('call')?.version).toBe(1);
  });
});
