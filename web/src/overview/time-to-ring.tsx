import type { OverviewFigures } from '../operator/wire.js';
import { duration } from '../operator/words.js';
import { barsPath, placeIn } from './chart.js';
import { useWidth } from './width.js';

const HEIGHT = 96;
const TOP = 22;
const BOTTOM = 20;

/** How soon calls ring: the two figures, and how the times are spread, with both marked. */
export function TimeToRing({ measured, medianMs, p99Ms, spread }: OverviewFigures['timeToRing']) {
  return (
    <section class="card time-to-ring" aria-labelledby="time-to-ring">
      <h2 id="time-to-ring">Time to ring</h2>
      {medianMs === null || p99Ms === null ? (
        <p class="soft">
          No call has rung in this time. How soon calls ring will be drawn here, from the moment somebody
          calls to the first device that shows it.
        </p>
      ) : (
        <>
          <div class="ring-figures">
            <Figure name="Median" note={`of ${measured.toLocaleString()} that rang`}>
              {duration(medianMs)}
            </Figure>
            <Figure name="p99" note="99 of 100 rang sooner">
              {duration(p99Ms)}
            </Figure>
          </div>
          <Spread spread={spread} medianMs={medianMs} p99Ms={p99Ms} />
        </>
      )}
    </section>
  );
}

function Figure({ name, note, children }: { name: string; note: string; children: string }) {
  return (
    <dl class="tile">
      <dt>{name}</dt>
      <dd class="tile-figure number">{children}</dd>
      <dd class="soft">{note}</dd>
    </dl>
  );
}

type SpreadProps = { spread: OverviewFigures['timeToRing']['spread']; medianMs: number; p99Ms: number };

/** A bar for each span of time; the spans grow, so that both fast and slow rings are seen. */
function Spread({ spread, medianMs, p99Ms }: SpreadProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const high = HEIGHT - TOP - BOTTOM;
  const counts = spread.map(({ calls }) => calls);
  const edges = spread.map(({ uptoMs }) => uptoMs);
  const wide = width / spread.length;
  const mark = (ms: number): number => placeIn(edges, ms) * wide;
  const [median, p99] = [mark(medianMs), mark(p99Ms)];
  // Where both would be written over each other, one name stands for both marks.
  const together = p99 - median < 42;
  const everyNth = Math.max(1, Math.ceil(46 / wide));
  return (
    <div ref={box}>
      <svg
        class="chart"
        height={HEIGHT}
        role="img"
        aria-label={`Calls by time to ring. ${spread.map(spanInWords(edges)).filter(Boolean).join(', ')}`}
      >
        <line class="grid" x1="0" x2={width} y1={TOP + high} y2={TOP + high} />
        <path
          class="bars"
          transform={`translate(0 ${TOP})`}
          d={barsPath(counts, Math.max(1, ...counts), width, high)}
        />
        {edges.map((edge, nr) =>
          edge === null || (nr + 1) % everyNth !== 0 ? null : (
            <text key={edge} class="axis" x={(nr + 1) * wide} y={HEIGHT - 5} text-anchor="middle">
              {shortly(edge)}
            </text>
          ),
        )}
        <Mark x={median} width={width}>
          {together ? 'median, p99' : 'median'}
        </Mark>
        <Mark x={p99} width={width}>
          {together ? '' : 'p99'}
        </Mark>
      </svg>
    </div>
  );
}

function Mark({ x, width, children }: { x: number; width: number; children: string }) {
  const anchor = x < 40 ? 'start' : x > width - 40 ? 'end' : 'middle';
  return (
    <g class="marked">
      <line x1={x} x2={x} y1={TOP - 6} y2={HEIGHT - BOTTOM} />
      <text x={x} y={TOP - 10} text-anchor={anchor}>
        {children}
      </text>
    </g>
  );
}

/** `50 ms`, `2 s`: round figures only. */
const shortly = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);

const spanInWords =
  (edges: (number | null)[]) =>
  ({ uptoMs, calls }: SpreadProps['spread'][number], nr: number): string =>
    calls === 0
      ? ''
      : uptoMs === null
        ? `longer: ${calls}`
        : `${shortly(edges[nr - 1] ?? 0)} to ${shortly(uptoMs)}: ${calls}`;
