import { barsPath, linePath, placeIn, roundScale } from '../../web/src/overview/chart.js';

describe('a scale', () => {
  it.each([
    [0, [0, 1]],
    [0.3, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [4, [0, 1, 2, 3, 4]],
    [7, [0, 2, 4, 6, 8]],
    [95, [0, 25, 50, 75, 100]],
    [1_900, [0, 500, 1_000, 1_500, 2_000]],
  ])('up to %d has round lines', (highest, ticks) =>
    expect(roundScale(highest)).toEqual({ max: ticks.at(-1), ticks }),
  );
});

describe('bars', () => {
  it('are as high as their values, stand side by side, and are left out where there is nothing', () => {
    expect(barsPath([5, 0, 10], 10, 30, 100)).toBe('M0.75 100v-50h8.5V100ZM20.75 100v-100h8.5V100Z');
  });

  it('are seen even for one beside thousands', () => {
    expect(barsPath([1], 10_000, 10, 100)).toContain('v-1.5');
  });

  it('are none for no values', () => expect(barsPath([], 1, 10, 10)).toBe(''));
});

describe('a place among spans', () => {
  const edges = [100, 200, 1_000, null];
  it.each([
    [0, 0],
    [50, 0.5],
    [100, 1],
    [600, 2.5],
    [30_000, 3.5],
  ])('of %d is %d spans from the left', (value, place) => expect(placeIn(edges, value)).toBe(place));
});

describe('a line', () => {
  it('goes from left to right, the highest value on top', () =>
    expect(linePath([0, 4, 2], 100, 20)).toBe('M0 20L50 0L100 10'));
  it('of zeros lies at the bottom', () => expect(linePath([0, 0], 10, 10)).toBe('M0 10L10 10'));
});
