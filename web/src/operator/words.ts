import type { CallView } from './wire.js';

export const personName = ({ userId, name }: CallView['caller']): string => name ?? userId;

/** How a call stands or ended, and how that is to be felt: the `data-tone` of a badge. */
export function standing({ state, outcome }: CallView): { word: string; tone: string } {
  if (outcome === null)
    return state === 'answered' ? { word: 'talking', tone: 'info' } : { word: state, tone: 'ring' };
  const tone =
    outcome === 'completed' ? 'good' : outcome === 'missed' || outcome === 'failed' ? 'bad' : 'plain';
  return { word: outcome, tone };
}

const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** In the time zone of whoever looks: today's calls by the time alone. */
export function moment(rfc3339: string, now = new Date()): string {
  const date = new Date(rfc3339);
  const today = date.toDateString() === now.toDateString();
  return today ? TIME.format(date) : `${DAY.format(date)}, ${TIME.format(date)}`;
}

/** `310 ms`, `2.4 s`, `5 m 12 s`, `2 h 05 m`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} m ${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`;
}

/** From one instant of a call to another; null when one of them never came. */
export const between = (from: string | null, to: string | null): string | null =>
  from === null || to === null ? null : duration(Date.parse(to) - Date.parse(from));
