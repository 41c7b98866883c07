import type { Arrow, Row, Story, Tone } from './step.js';
import { GATEWAY, type Lane } from './lanes.js';

/** Everything in pixels of the drawing; it grows with the number of lanes and rows. */
export interface Drawing {
  width: number;
  height: number;
  lanes: (Lane & { x: number; width: number })[];
  /** Where the lanes' lines begin. */
  top: number;
  steps: DrawnStep[];
}

export interface DrawnStep {
  top: number;
  height: number;
  /** `+0.123 s`, beside the first row. */
  time: string;
  rows: DrawnRow[];
}

export interface DrawnRow {
  y: number;
  tone: Tone;
  label: { x: number; text: string };
  /** `at` is the line of the lane it comes from; the arrow begins and ends a little beside the lines. */
  arrows: { at: number; x1: number; x2: number; kind: Arrow['kind'] }[];
  /** Set for a note: what the gateway did on its own. */
  noteX: number | null;
}

const GUTTER = 84;
/** A lane's width; narrower where many stand side by side. */
const LANE = 186;
const NARROW_LANE = 150;
export const MANY = 5;
const HEAD = 58;
const ROW = 38;
const PADDING = 10;
/** Between an arrow's tip and its lane's line. */
const GAP = 6;

/** Puts a story on paper: lanes side by side, time from top to bottom. Pure. */
export function layOut({ lanes, steps }: Story): Drawing {
  const wide = lanes.length > MANY ? NARROW_LANE : LANE;
  const placed = lanes.map((lane, nr) => ({ ...lane, x: GUTTER + wide * (nr + 0.5), width: wide - 16 }));
  const xOf = (id: string): number => (placed.find((lane) => lane.id === id) ?? placed[0]!).x;
  const drawn: DrawnStep[] = [];
  let y = HEAD + PADDING;
  for (const { rows, time } of steps) {
    const top = y;
    const lines = rows.map((row, nr): DrawnRow => drawRow(row, top + PADDING / 2 + ROW * (nr + 0.68), xOf));
    y += PADDING + ROW * rows.length;
    drawn.push({ top, height: y - top, time, rows: lines });
  }
  const width = GUTTER + wide * lanes.length;
  return { width, height: y + PADDING, lanes: placed, top: HEAD, steps: drawn };
}

function drawRow({ label, tone, arrows }: Row, y: number, xOf: (id: string) => number): DrawnRow {
  const lines = arrows.map(({ from, to, kind }) => {
    const [start, end] = [xOf(from), xOf(to)];
    const way = Math.sign(end - start) || 1;
    return { at: start, x1: start + way * GAP, x2: end - way * GAP, kind };
  });
  const first = lines[0];
  const x = first ? (first.x1 + first.x2) / 2 : xOf(GATEWAY);
  return { y, tone, label: { x, text: label }, arrows: lines, noteX: first ? null : xOf(GATEWAY) };
}
