import type { Evidence } from './evidence.js';
import type { Operation } from './history.js';
import { HOSTILE, type Hostile, nameOf } from './hostile.js';

const RACES_AND_FAULTS = [
  'two nodes answer at once, and node 0 wins',
  'two nodes answer at once, and node 1 wins',
  'an answer beats a cancel',
  'a cancel beats an answer',
  'a lost command is repeated, and answered from the record',
  'a commit whose outcome its client was not told',
  'the same push arrives twice',
  'a lease runs out, and another claim takes the job',
  'a node comes back to a job that is no longer its own',
  'a device resumes three or more events behind',
  'Apple reports an older install dead, and the token stays',
] as const;

export type Rare = (typeof RACES_AND_FAULTS)[number] | Hostile;

/** What seldom happens and must happen in a batch, hostile users of every kind included, or the batch has proven nothing (L10). */
export const RARE: readonly Rare[] = [...RACES_AND_FAULTS, ...HOSTILE];

/** The rare things that happened in one round. */
export function rareIn(evidence: Evidence): Set<Rare> {
  const seen = new Set<Rare>();
  const byCall = new Map<string, Operation[]>();
  for (const operation of evidence.history.operations) {
    if (operation.callId === null || operation.end === null) continue;
    byCall.set(operation.callId, [...(byCall.get(operation.callId) ?? []), operation]);
  }
  for (const [callId, operations] of byCall) {
    racesIn(operations, seen);
    unknownIn(callId, operations, evidence, seen);
  }
  const ids = evidence.pushes.flatMap(({ apnsId }) => (apnsId === null ? [] : [apnsId]));
  if (new Set(ids).size < ids.length) seen.add('the same push arrives twice');
  takeoversIn(evidence, seen);
  for (const kind of HOSTILE)
    if (evidence.history.faults.some(({ name }) => name === nameOf(kind))) seen.add(kind);
  if (resumesBehind(evidence)) seen.add('a device resumes three or more events behind');
  if (
    evidence.pushes.some(
      ({ answered, phone }) => answered === 410 && phone && !evidence.retired.includes(phone.name),
    )
  )
    seen.add('Apple reports an older install dead, and the token stays');
  return seen;
}

const overlap = (a: Operation, b: Operation): boolean => a.at <= b.end! && b.at <= a.end!;

function racesIn(operations: readonly Operation[], seen: Set<Rare>): void {
  const answers = operations.filter(({ event }) => event === 'call:answer');
  const cancels = operations.filter(({ event }) => event === 'call:cancel');
  for (const won of answers.filter(({ outcome }) => outcome === 'ok')) {
    const rivals = answers.filter((other) => other.node !== won.node && overlap(won, other));
    if (rivals.some(({ outcome }) => outcome === 'ANSWERED_ELSEWHERE'))
      seen.add(RACES_AND_FAULTS[won.node === 0 ? 0 : 1]);
    if (cancels.some((cancel) => overlap(won, cancel) && cancel.outcome === 'ALREADY_ANSWERED'))
      seen.add('an answer beats a cancel');
  }
  for (const won of cancels.filter(({ outcome, view }) => outcome === 'ok' && view?.outcome === 'cancelled'))
    if (answers.some((answer) => overlap(won, answer) && answer.outcome === 'CALL_ALREADY_ENDED'))
      seen.add('a cancel beats an answer');
}

const TYPE_OF: Readonly<Record<string, string>> = {
  'call:initiate': 'CallInitiated',
  'call:ringing': 'CallRinging',
  'call:answer': 'CallAnswered',
  'call:decline': 'CallDeclined',
  'call:cancel': 'CallCancelled',
  'call:end': 'CallEnded',
};

/** Commands that were recorded although their client never heard so, and what came of asking again. */
function unknownIn(
  callId: string,
  operations: readonly Operation[],
  evidence: Evidence,
  seen: Set<Rare>,
): void {
  const events = evidence.stories.get(callId)?.events ?? [];
  for (const lost of operations) {
    if (!['lost', 'UNAVAILABLE'].includes(lost.outcome)) continue;
    const recorded = events.find(
      ({ event, actor }) =>
        event.type === TYPE_OF[lost.event] &&
        actor?.deviceId === lost.deviceId &&
        actor.userId === lost.userId,
    );
    if (!recorded || recorded.at < lost.at) continue;
    const again = operations.filter(
      ({ event, phone, outcome, at }) =>
        event === lost.event && phone === lost.phone && outcome === 'ok' && at > lost.end!,
    );
    const others = operations.filter(
      (other) => other !== lost && other.event === lost.event && other.phone === lost.phone,
    );
    // Nobody else can have caused it.
    if (others.every(({ at }) => at > recorded.at))
      seen.add('a commit whose outcome its client was not told');
    if (again.some(({ at }) => at > recorded.at))
      seen.add('a lost command is repeated, and answered from the record');
  }
}

function takeoversIn({ takeovers, history }: Evidence, seen: Set<Rare>): void {
  for (const { at, lost_lease: lost } of takeovers) {
    seen.add('a lease runs out, and another claim takes the job');
    // Frozen when its lease ran out, alive again when somebody else had the job.
    const frozen = history.faults.find(
      (fault) =>
        fault.name.includes('a gateway freezes') &&
        fault.at <= lost.getTime() &&
        (fault.until ?? Infinity) >= at.getTime(),
    );
    if (frozen) seen.add('a node comes back to a job that is no longer its own');
  }
}

function resumesBehind({ history }: Evidence): boolean {
  const known = new Map<string, number>();
  for (const { phone, event, views } of history.told) {
    for (const { callId, version } of views) {
      const before = known.get(`${phone} ${callId}`) ?? 0;
      if (event === 'sync' && version - before >= 3) return true;
      known.set(`${phone} ${callId}`, Math.max(before, version));
    }
  }
  return false;
}
