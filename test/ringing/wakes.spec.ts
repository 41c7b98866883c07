import type { Append } from '../../src/event-store/event.js';
import { type WakeEvent } from '../../src/ringing/domain/wake.js';
import { Wakes } from '../../src/ringing/wakes.js';
import { askedBySocket } from './given-devices.js';

/** Wakes in a store that takes everything. */
const someWakes = (): Wakes =>
  new Wakes(
    { append: async () => ({ status: 'appended', jobs: [] }), read: async () => [] } as never,
    { publish: () => undefined } as never,
  );

describe('what a node remembers of wakes', () => {
  it('is bounded by the devices in them, and the wake used longest ago is forgotten first', async () => {
    const wakes = someWakes();
    const events: WakeEvent[] = Array.from({ length: 199 }, (_, nr) => askedBySocket(`device-${nr}`));
    // Each weighs 200 of 20,000.
    for (let nr = 0; nr < 100; nr++) await wakes.change(`call-${nr}`, () => ({ events }));
    expect(wakes.known('call-0')).toBeDefined();
    await wakes.change('call-0', () => ({ events: [askedBySocket('device-0')] }));
    await wakes.change('small', () => ({ events: [askedBySocket('device')] }));
    expect(wakes.known('call-0')?.version).toBe(200);
    expect(wakes.known('call-1')).toBeUndefined();
    expect(wakes.known('call-2')).toBeDefined();
  });
});

describe('a wake that begins with a call of this node', () => {
  /** Wakes in a store that may hold this of the call already. */
  function wakesOn(...recorded: WakeEvent[]) {
    const appended: [version: number, types: string[]][] = [];
    let reads = 0;
    const store = {
      append: async ({ expectedVersion, events }: Append) => {
        if (expectedVersion !== recorded.length) return { status: 'conflict' };
        recorded.push(...(events as WakeEvent[]));
        appended.push([expectedVersion, events.map(({ type }) => type)]);
        return { status: 'appended', jobs: [] };
      },
      read: async () => {
        reads++;
        return recorded;
      },
    };
    const wakes = new Wakes(store as never, { publish: () => undefined } as never);
    return { wakes, appended, reads: () => reads };
  }

  it('is not read: there is nothing yet', async () => {
    const { wakes, appended, reads } = wakesOn();
    wakes.begun('call');
    expect((await wakes.recall('call')).devices).toEqual({});
    await wakes.change('call', () => ({ events: [askedBySocket('phone')] }));
    expect(appended).toEqual([[0, ['WakeRequested']]]);
    expect(reads()).toBe(0);
  });

  it('is read and decided again when another node was faster', async () => {
    const { wakes, appended, reads } = wakesOn(askedBySocket('phone'));
    wakes.begun('call');
    await wakes.change('call', ({ devices }) => ({
      events: ['phone', 'tablet'].filter((name) => !devices[name]).map(askedBySocket),
    }));
    expect(appended).toEqual([[1, ['WakeRequested']]]);
    expect(reads()).toBe(1);
  });

  it('takes nothing back that is known of it already', async () => {
    const { wakes } = wakesOn();
    await wakes.change('call', () => ({ events: [askedBySocket('phone')] }));
    wakes.begun('call');
    expect(wakes.known('call')?.version).toBe(1);
  });
});
