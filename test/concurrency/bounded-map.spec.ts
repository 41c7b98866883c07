import fc from 'fast-check';
import { BoundedMap } from '../../src/concurrency/bounded-map.js';

describe('a bounded map', () => {
  it('forgets what was set longest ago when there are too many', () => {
    const map = new BoundedMap<number>({ entries: 2, weight: 100 }, () => 1);
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ] as const)
      map.set(key, value);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([3, undefined, 4]);
  });

  it('forgets what was set longest ago when it all becomes too heavy', () => {
    const map = new BoundedMap<string>({ entries: 100, weight: 10 }, (text) => text.length);
    map.set('a', 'xxxx');
    map.set('b', 'xxxx');
    map.set('c', 'xxxx');
    expect([map.get('a'), map.size, map.weight]).toEqual([undefined, 2, 8]);
  });

  it('keeps nothing that is too heavy alone', () => {
    const map = new BoundedMap<string>({ entries: 100, weight: 3 }, (text) => text.length);
    map.set('a', 'xxxx');
    expect([map.size, map.weight]).toEqual([0, 0]);
  });

  it('never holds more than it may, and knows its weight, whatever comes', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(9))), (sets) => {
        const map = new BoundedMap<number>({ entries: 3, weight: 12 }, (value) => value);
        for (const [key, value] of sets) {
          map.set(key, value);
          expect(map.size).toBeLessThanOrEqual(3);
          expect(map.weight).toBeLessThanOrEqual(12);
          expect(map.weight).toBe([...map.values()].reduce((sum, each) => sum + each, 0));
        }
      }),
    ));
});
