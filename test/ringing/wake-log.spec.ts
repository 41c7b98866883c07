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
