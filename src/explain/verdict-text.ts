import type { EndReason } from '../calls/domain/call.js';
import type { DeviceFacts } from './device-timeline.js';

export type VerdictCode =
  | ('answered' | 'answered_after_wake' | 'answered_after_environment_healed' | 'declined' | 'busy')
  | (
      | 'rang_unanswered'
      | 'rang_cancelled'
      | 'no_device'
      | 'configuration_fault'
      | 'token_retired'
      | 'token_kept'
      | 'wrong_environment'
    )
  | ('provider_unavailable' | 'woken_never_rang' | 'environment_healed_never_rang' | 'reached_never_rang')
  | ('socket_never_acknowledged' | 'push_refused' | 'cancelled_early' | 'in_progress')
  | 'participant_erased';

export interface Verdict {
  verdict: string;
  code: VerdictCode;
}

export interface Known {
  /** "Bob's iPhone", or the device id where the install has no name. */
  nameOf(deviceId: string): string;
  /** How long a socket may take to acknowledge the call. */
  ackTimeoutMs: number;
}

/** A provider that takes longer than this to take a push is slow. */
export const SLOW_MS = 1_000;

/** `after 5.1 s (503 ServiceUnavailable)`, of a push that was long in being taken. */
export function slowness({ push }: DeviceFacts): string | null {
  if (!push?.accepted || push.accepted - push.at < SLOW_MS) return null;
  const why = push.trouble ? ` (${answerOf(push.trouble)})` : '';
  return `after ${seconds(push.accepted - push.at)}${why}`;
}

/** What the caller of a cancelled call did, as the beginning of a clause. */
export const howCancelled = ({ endReason }: { endReason: EndReason }): string =>
  endReason === 'superseded' ? 'the caller called again' : 'the caller gave up';

export const seconds = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;

/** `503 ServiceUnavailable`; an answer without a reason has its status in the gateway's own word. */
export const answerOf = ({ status, reason }: { status: number | null; reason: string }): string =>
  status === null || reason.startsWith('HTTP ') ? reason : `${status} ${reason}`;

export const says = (code: VerdictCode, clause: string): Verdict => ({
  verdict: `${clause.replace(/^device /, 'Device ')}.`,
  code,
});
