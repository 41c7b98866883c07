import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Drawing, DrawnRow, DrawnStep } from './layout.js';
import { MarkAt } from './marks.js';

interface DiagramProps {
  drawing: Drawing;
  /** Counted from 0. What comes after it has not happened yet. */
  current: number;
  onStep: (step: number) => void;
  label: string;
}

/** The sequence diagram. For the eye and the mouse alone: the list of steps beside it says and does the same. */
export function Diagram({ drawing, current, onStep, label }: DiagramProps) {
  const { width, height, lanes, top, steps } = drawing;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (box.current) keepInSight(box.current);
  }, [current]);
  return (
    <div class="diagram card" role="region" aria-label={label} tabIndex={0} ref={box}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ minWidth: `${width * 0.72}px`, maxWidth: `${width * 1.25}px` }}
        role="img"
        aria-label={`${label}. The same steps are listed below.`}
      >
        <Heads />
        {lanes.map(({ id, kind, x }) => (
          <line key={id} class="lifeline" data-kind={kind} x1={x} x2={x} y1={top} y2={height - 4} />
        ))}
        {steps.map((step, nr) => (
          <StepBand key={nr} step={step} width={width} when={whenOf(nr, current)} onPick={() => onStep(nr)} />
        ))}
        {lanes.map(({ id, kind, x, width: wide, title, subtitle }) => (
          <g key={id} class="lane-head" data-kind={kind} transform={`translate(${x} 4)`}>
            <title>{`${title}, ${subtitle}`}</title>
            <rect x={-wide / 2} width={wide} height={top - 10} rx="8" />
            {/* HTML in the drawing: only that is cut short by its own width, in whatever font. */}
            <foreignObject x={-wide / 2} y="4" width={wide} height={top - 14}>
              <p class="lane-title">{title}</p>
              <p class="lane-subtitle">{subtitle}</p>
            </foreignObject>
          </g>
        ))}
      </svg>
    </div>
  );
}

type When = 'past' | 'current' | 'future';
const whenOf = (step: number, current: number): When =>
  step < current ? 'past' : step === current ? 'current' : 'future';

interface BandProps {
  step: DrawnStep;
  width: number;
  when: When;
  onPick: () => void;
}

function StepBand({ step, width, when, onPick }: BandProps) {
  return (
    <g class="step" data-when={when} onClick={onPick}>
      <rect class="band" x="2" y={step.top} width={width - 4} height={step.height} rx="6" />
      <text class="time" x="12" y={step.rows[0]!.y + 4}>
        {step.time}
      </text>
      {step.rows.map((row, nr) => (
        <RowLine key={nr} row={row} />
      ))}
    </g>
  );
}

function RowLine({ row: { y, tone, label, arrows, noteX } }: { row: DrawnRow }) {
  const first = arrows[0];
  return (
    <g class="row" data-mark={tone}>
      {arrows.map(({ x1, x2, kind }, nr) => {
        // A lost message stops short of whom it was for.
        const end = kind === 'lost' ? x1 + (x2 - x1) * 0.82 : x2;
        return (
          <g key={nr}>
            <line
              class="arrow"
              data-kind={kind}
              x1={x1}
              x2={end}
              y1={y}
              y2={y}
              marker-end={`url(#${HEAD_OF[kind]})`}
            />
          </g>
        );
      })}
      {first && <MarkAt x={first.at} y={y} tone={tone} />}
      {noteX !== null && <MarkAt x={noteX} y={y - 4} tone={tone} />}
      {noteX === null ? (
        <Label x={label.x} y={y - 9} anchor="middle">
          {label.text}
        </Label>
      ) : (
        <Label x={noteX + 18} y={y} anchor="start">
          {label.text}
        </Label>
      )}
    </g>
  );
}

function Label({
  x,
  y,
  anchor,
  children,
}: {
  x: number;
  y: number;
  anchor: string;
  children: ComponentChildren;
}) {
  return (
    <text class="label" x={x} y={y} text-anchor={anchor}>
      {children}
    </text>
  );
}

const HEAD_OF = { sent: 'head-sent', told: 'head-open', unsure: 'head-open', lost: 'head-lost' } as const;

/** The tips of the arrows: full, open, and a cross for what was lost. They take the colour of their line. */
function Heads() {
  const box = {
    viewBox: '0 0 10 10',
    markerWidth: '9',
    markerHeight: '9',
    markerUnits: 'userSpaceOnUse',
  } as const;
  return (
    <defs>
      <marker id="head-sent" {...box} refX="9" refY="5" orient="auto-start-reverse">
        <path d="M0 0 10 5 0 10Z" fill="context-stroke" />
      </marker>
      <marker id="head-open" {...box} refX="9" refY="5" orient="auto-start-reverse">
        <path d="M1 1 9 5 1 9" fill="none" stroke="context-stroke" stroke-width="1.6" />
      </marker>
      <marker id="head-lost" {...box} markerWidth="13" markerHeight="13" refX="5" refY="5">
        <path d="M1 1 9 9M9 1 1 9" fill="none" stroke="context-stroke" stroke-width="2" />
      </marker>
    </defs>
  );
}

/** Scrolls the box, never the page: down to the step, and sideways to where its first arrow is. */
function keepInSight(box: HTMLElement): void {
  const step = box.querySelector('[data-when="current"]');
  const band = step?.querySelector('.band');
  const begins = step?.querySelector('.arrow') ?? step?.querySelector('.label');
  if (!band || !begins) return;
  const [outer, inner, arrow] = [box, band, begins].map((each) => each.getBoundingClientRect());
  if (inner!.top < outer!.top || inner!.bottom > outer!.bottom)
    box.scrollTop += inner!.top - outer!.top - outer!.height / 3;
  if (arrow!.left < outer!.left || arrow!.right > outer!.right)
    box.scrollLeft += (arrow!.left + arrow!.right - outer!.left - outer!.right) / 2;
}
