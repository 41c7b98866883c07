import type { RecordedEvent } from '../operator/wire.js';
import type { Lane } from './lanes.js';

/** What makes a step stand out; each has a mark and a line of its own besides its colour. */
export type Tone = 'plain' | 'good' | 'ring' | 'bad' | 'healed' | 'retry' | 'hedge' | 'ghost' | 'timeout';

export interface Arrow {
  from: string;
  to: string;
  /** `told`: what follows from it; `unsure`: on its way, nobody knows; `lost`: it did not arrive or nothing came back. */
  kind: 'sent' | 'told' | 'unsure' | 'lost';
}

/** One line of the diagram. Without arrows it is a note at the gateway. */
export interface Row {
  label: string;
  arrows: Arrow[];
  tone: Tone;
}

/** One recorded event, told. */
export interface Step {
  event: RecordedEvent;
  /** Since the call began: `+0.123 s`; `≤ +0.123 s` for what was recorded later than it happened. */
  time: string;
  tone: Tone;
  title: string;
  words: string;
  facts: [name: string, value: string][];
  rows: Row[];
}

export interface Story {
  lanes: Lane[];
  steps: Step[];
}

/** How an event is told, before its time and facts are added. */
export type Told = Pick<Step, 'tone' | 'title' | 'words' | 'rows'>;

export const sent = (from: string, to: string, label: string): Row => ({
  label,
  arrows: [{ from, to, kind: 'sent' }],
  tone: 'plain',
});

export const note = (label: string, tone: Tone): Row => ({ label, arrows: [], tone });

export const text = (value: unknown): string | null =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;

/** What an operator looks for first; the rest is in the event itself. */
export function factsOf({ type, data, position }: RecordedEvent): Step['facts'] {
  const names: Record<string, string> = {
    provider: 'Provider',
    environment: 'Environment',
    status: 'Status',
    reason: 'Reason',
    because: 'Because',
    via: 'Via',
    attempt: 'Attempt',
    afterMs: 'Pause (ms)',
    app: 'App',
    deviceId: 'Device',
  };
  const known = Object.entries(names).flatMap(([field, name]): Step['facts'] => {
    const value = text(data[field]);
    return value === null ? [] : [[name, value]];
  });
  return [...known, ['Event', type], ['Position', String(position)]];
}

/** `+0.123 s`, `+1 m 05 s`. */
export function offset(ms: number): string {
  if (ms < 60_000) return `+${(Math.max(0, ms) / 1_000).toFixed(3)} s`;
  const seconds = Math.floor(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  const rest = `${String(seconds % 60).padStart(2, '0')} s`;
  return hours > 0 ? `+${hours} h ${String(minutes).padStart(2, '0')} m` : `+${minutes} m ${rest}`;
}
