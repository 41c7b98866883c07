/** A scale from zero to a round figure: its end, and where its lines are. Pure. */
export function roundScale(highest: number, lines = 4): { max: number; ticks: number[] } {
  const least = Math.max(highest, 1) / lines;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= least)!;
  const whole = Math.max(step, highest <= lines ? 1 : step);
  const count = Math.max(1, Math.ceil(highest / whole));
  return { max: whole * count, ticks: Array.from({ length: count + 1 }, (_, nr) => round(nr * whole)) };
}

/** The outline of bars standing side by side in a box, as the path of an SVG. Pure. */
export function barsPath(values: readonly number[], max: number, width: number, height: number): string {
  const wide = width / Math.max(1, values.length);
  const gap = Math.min(1.5, wide * 0.2);
  return values
    .map((value, nr) => ({ value, x: nr * wide }))
    .filter(({ value }) => value > 0)
    .map(({ value, x }) => {
      // A single call must be seen beside thousands.
      const high = Math.max(1.5, (value / max) * height);
      return `M${round(x + gap / 2)} ${height}v${round(-high)}h${round(wide - gap)}V${height}Z`;
    })
    .join('');
}

/**
 * Where a value stands on a row of spans of equal width, each ending at its edge, counted in spans from the left. The last
 * span has no end: whatever is in it stands in its middle. Pure.
 */
export function placeIn(edges: readonly (number | null)[], value: number): number {
  const nr = edges.findIndex((edge) => edge === null || value < edge);
  const [from, to] = [edges[nr - 1] ?? 0, edges[nr] ?? null];
  return nr + (to === null ? 0.5 : (value - from) / (to - from));
}

/** A line through values in a box, from zero at the bottom; the newest is at the right. Pure. */
export function linePath(values: readonly number[], width: number, height: number): string {
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length - 1);
  return values
    .map(
      (value, nr) => `${nr === 0 ? 'M' : 'L'}${round(nr * step)} ${round(height - (value / most) * height)}`,
    )
    .join('');
}

const round = (value: number): number => Math.round(value * 100) / 100;
