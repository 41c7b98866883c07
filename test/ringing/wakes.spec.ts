import { type WakeEvent } from '../../src/ringing/wake-events.js';
import { Wakes } from '../../src/ringing/wakes.js';
import { askedBySocket } from './reaches.js';

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
