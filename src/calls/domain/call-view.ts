import type { EndReason, ExistingCall, Media, Outcome, Person } from './call.js';

/** What every message and answer about a call carries (contract, section 4). Times are RFC 3339 with milliseconds. */
export interface CallView {
  callId: string;
  version: number;
  caller: Person;
  callee: Person;
  media: Media;
  state: 'initiated' | 'ringing' | 'answered' | 'ended';
  outcome: Outcome | null;
  endReason: EndReason | null;
  initiatedAt: string;
  ringingAt: string | null;
  answeredAt: string | null;
  endedAt: string | null;
  ringExpiresAt: string;
  /** The device that answered. */
  answeredBy: string | null;
  metadata: Record<string, unknown>;
}

export function viewOf(call: ExistingCall): CallView {
  const answered = call.state === 'answered' || call.state === 'ended' ? call : null;
  const ended = call.state === 'ended' ? call : null;
  return {
    callId: call.callId,
    version: call.version,
    caller: { userId: call.caller.userId, name: call.caller.name },
    callee: call.callee,
    media: call.media,
    state: call.state,
    outcome: ended?.outcome ?? null,
    endReason: ended?.endReason ?? null,
    initiatedAt: rfc3339(call.initiatedAt),
    ringingAt: rfc3339OrNull(call.ringingAt),
    answeredAt: rfc3339OrNull(answered?.answeredAt ?? null),
    endedAt: rfc3339OrNull(ended?.endedAt ?? null),
    ringExpiresAt: rfc3339(call.ringExpiresAt),
    answeredBy: answered?.answeredBy ?? null,
    metadata: call.metadata,
  };
}

export const rfc3339 = (ms: number): string => new Date(ms).toISOString();
const rfc3339OrNull = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));
