import type { OverviewFigures } from '../operator/wire.js';
import { barsPath, roundScale } from './chart.js';
import { useWidth } from './width.js';

const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 26;
/** The room a time under the chart needs. */
const MARK = 110;

type Series = OverviewFigures['calls'] & { from: string; to: string };

/** Calls per minute, as bars over the time they began. */
export function CallsOverTime({ series, stepSeconds, total, from, to }: Series) {
  const [box, width] = useWidth();
  const minutes = stepSeconds / 60;
  const perMinute = series.map(({ calls }) => calls / minutes);
  const { max, ticks } = roundScale(Math.max(...perMinute));
  const high = HEIGHT - BOTTOM - 8;
  const wide = Math.max(MARK, width - LEFT);
  const y = (value: number): number => 8 + high - (value / max) * high;
  const everyNth = Math.max(1, Math.ceil((series.length * MARK) / wide));
  const day = stepSeconds >= 3_600;
  const peak = Math.max(...perMinute);
  return (
    <section class="card wide" aria-labelledby="calls-over-time" ref={box}>
      <h2 id="calls-over-time">Calls per minute</h2>
      <svg
        class="chart"
        height={HEIGHT}
        role="img"
        aria-label={`${total} calls from ${clock(from, true)} to ${clock(to, true)}, at most ${figure(peak)} per minute`}
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={LEFT + wide} y1={y(tick)} y2={y(tick)} />
            <text class="axis" x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
              {figure(tick)}
            </text>
          </g>
        ))}
        <path class="bars" transform={`translate(${LEFT} 8)`} d={barsPath(perMinute, max, wide, high)} />
        {series.map(({ at }, nr) => {
          const x = (nr * wide) / series.length;
          if (nr % everyNth !== 0 || x + MARK / 2 > wide) return null;
          return (
            <text key={at} class="axis" x={LEFT + x} y={HEIGHT - 6}>
              {clock(at, day)}
            </text>
          );
        })}
      </svg>
      <details>
        <summary>As a table</summary>
        <div class="table-box" role="region" aria-label="Calls over time" tabIndex={0}>
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">Calls begun</th>
                <th scope="col">Per minute</th>
              </tr>
            </thead>
            <tbody>
              {series
                .filter(({ calls }) => calls > 0)
                .map(({ at, calls }) => (
                  <tr key={at}>
                    <th scope="row">{clock(at, true)}</th>
                    <td class="number">{calls}</td>
                    <td class="number">{figure(calls / minutes)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });
const DAY = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
});
const clock = (rfc3339: string, day: boolean): string => (day ? DAY : TIME).format(new Date(rfc3339));

const figure = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString() : value.toFixed(2);
