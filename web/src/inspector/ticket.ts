import type { CallView, Explanation } from '../operator/wire.js';
import type { Story } from './step.js';

/** A call as plain text, to paste into a ticket: who, when, the verdict, every step, and where to look further. */
export function ticketOf(call: CallView, explanation: Explanation, { steps }: Story, link: string): string {
  const person = ({ userId, name }: CallView['caller']): string => (name ? `${name} (${userId})` : userId);
  const how = call.outcome === null ? call.state : `${call.outcome} (${call.endReason})`;
  const width = Math.max(0, ...steps.map(({ time }) => time.length));
  return [
    explanation.verdict,
    '',
    `Call     ${call.callId}`,
    `From     ${person(call.caller)} to ${person(call.callee)}, ${call.media}`,
    `Began    ${call.initiatedAt}`,
    `Result   ${how}, ${explanation.code}`,
    `Details  ${link}`,
    '',
    ...steps.map(({ time, words }) => `${time.padEnd(width)}  ${words}`),
    '',
  ].join('\n');
}
