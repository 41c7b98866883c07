import { SlidingWindow } from '../../src/core/sliding-window.js';

describe('what happened recently', () => {
  it('is counted by key, for as long as the window is', () => {
    const pushes = new SlidingWindow(() => 1000);
    expect([pushes.add('a', 0), pushes.add('a', 500), pushes.add('b', 500)]).toEqual([1, 2, 1]);
    expect([pushes.count('a', 999), pushes.count('a', 1000), pushes.count('a', 1500)]).toEqual([2, 1, 0]);
    expect(pushes.add('a', 2000)).toBe(1);
  });

  it('is forgotten of the oldest key when there are too many', () => {
    const pushes = new SlidingWindow(() => 1000);
    for (let i = 0; i <= 10_000; i++) pushes.add(`key ${i}`, 0);
    expect([pushes.count('key 0', 0), pushes.count('key 1', 0)]).toEqual([0, 1]);
  });

  it('does not grow without end for one key', () => {
    const pushes = new SlidingWindow(() => 1000);
    for (let i = 0; i < 10_050; i++) pushes.add('a', 0);
    expect(pushes.count('a', 0)).toBe(10_000);
  });
});
