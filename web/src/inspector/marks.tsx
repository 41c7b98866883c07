import type { Tone } from './step.js';

/** What each tone is called, and its mark in a box of 16 by 16: nobody has to tell colours apart. */
export const TONES: Record<Tone, { name: string; path: string | null }> = {
  plain: { name: '', path: null },
  good: { name: 'ok', path: 'M4 8.5 7 11.5 12 5' },
  ring: { name: 'rings', path: 'M5 11V8a3 3 0 0 1 6 0v3M4 11h8M7.5 13h1' },
  bad: { name: 'failed', path: 'M5 5 11 11M11 5 5 11' },
  healed: { name: 'healed', path: 'M8 4V12M4 8H12' },
  retry: { name: 'retry', path: 'M11.5 6.5A4 4 0 1 0 12 8.8M12 4v3H9' },
  hedge: { name: 'hedge', path: 'M4 12V4M4 8c5 0 7-1 8-4M4 8c5 0 7 1 8 4' },
  ghost: {
    name: 'ghost socket',
    path: 'M4.5 12V7a3.5 3.5 0 0 1 7 0v5l-2-1.5L8 12l-1.5-1.5ZM6.8 7.2v.1M9.2 7.2v.1',
  },
  timeout: { name: 'timeout', path: 'M8 4.5V8l2.5 1.8M8 3a5 5 0 1 0 .1 0' },
};

/** The mark in a disc, around a point of a drawing. */
export function MarkAt({ x, y, tone }: { x: number; y: number; tone: Tone }) {
  const { path } = TONES[tone];
  if (path === null) return null;
  return (
    <g class="mark" transform={`translate(${x} ${y})`}>
      <circle r="9.5" />
      <path d={path} transform="translate(-8 -8)" />
    </g>
  );
}

/** The mark with its name, in a line of text. */
export function ToneBadge({ tone }: { tone: Tone }) {
  const { name, path } = TONES[tone];
  if (path === null) return null;
  return (
    <span class="tone-badge" data-mark={tone}>
      <svg viewBox="-10 -10 20 20" width="18" height="18" aria-hidden="true">
        <MarkAt x={0} y={0} tone={tone} />
      </svg>
      {name}
    </span>
  );
}
