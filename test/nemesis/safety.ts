import { isDeepStrictEqual } from 'node:util';
import type { CallEvent } from '../../src/calls/domain/call.js';
import type { CallView } from '../../src/calls/domain/call-view.js';
import { type Evidence, type Story, bare } from './evidence.js';
import type { Operation } from './history.js';
import { isHostile } from './hostile-account.js';
import { RING_MS } from './world.js';

export interface Violation {
  /** As `docs/reliability.md` names it. */
  invariant: string;
  callId: string | null;
  what: string;
}

type Violations = Iterable<Violation>;

const COMMAND_OF: Readonly<Record<string, string>> = {
  CallInitiated: 'call:initiate',
  CallRinging: 'call:ringing',
  CallAnswered: 'call:answer',
  CallDeclined: 'call:decline',
  CallCancelled: 'call:cancel',
  CallEnded: 'call:end',
};
/** What may follow what, written without the product's own rules. */
const MAY_FOLLOW: Readonly<Record<string, readonly string[]>> = {
  '': ['CallInitiated'],
  ...Object.fromEntries(
    ['CallInitiated', 'CallRinging'].map((type) => [
      type,
      ['CallRinging', 'CallAnswered', 'CallDeclined', 'CallCancelled', 'CallMissed', 'CallFailed'],
    ]),
  ),
  CallAnswered: ['CallEnded'],
};
/** How long what was decided may be on its way to the disk: the deadline of an append, and some. */
const LATE_MS = 2_500;

/** What must hold at every moment, whatever breaks; checked over the whole record of a round. */
export function* safety(evidence: Evidence): Violations {
  for (const story of evidence.stories.values()) {
    yield* lawful(story);
    yield* timely(story, evidence);
    yield* caused(story, evidence);
  }
  yield* acknowledged(evidence);
  yield* inRealTime(evidence);
  yield* toldTheTruth(evidence);
}

const named = (invariant: string, callId: string | null, what: string): Violation => ({
  invariant,
  callId,
  what,
});

/** S1 to S6: gapless, legal, born once, one answer, one end, by those who may. */
function* lawful({ callId, events, wake, forbidden, folds }: Story): Violations {
  for (const [stream, rows] of [
    ['call', events],
    ['wake', wake],
  ] as const) {
    const versions = rows.map(({ version }) => version);
    if (versions.some((version, index) => version !== index + 1))
      yield named('S1 gapless', callId, `the ${stream} stream has the versions ${versions.join(' ')}`);
  }
  if (forbidden !== null) yield named('S2 legal', callId, forbidden);
  let before = '';
  for (const { event } of events) {
    const erased = event.type === 'CallEnded' && event.data.reason === 'participant_erased';
    const unended = before in MAY_FOLLOW && before !== '';
    if (!MAY_FOLLOW[before]?.includes(event.type) && !(erased && unended))
      yield named('S2 legal', callId, `${event.type} after ${before || 'nothing'}`);
    before = event.type;
  }
  const count = (type: string): number => events.filter(({ event }) => event.type === type).length;
  if (count('CallInitiated') !== 1)
    yield named('S3 born once', callId, `${count('CallInitiated')} beginnings`);
  if (count('CallAnswered') > 1) yield named('S4 one answer', callId, `${count('CallAnswered')} answers`);
  const ends = events.filter(({ event }) => /Declined|Cancelled|Missed|Failed|Ended/.test(event.type));
  if (ends.length > 1) yield named('S5 one end', callId, `${ends.length} ends`);
  if (count('CallAnswered') > 0 && count('CallMissed') > 0)
    yield named('S5 one end', callId, 'both answered and missed');
  const rang = events.flatMap(({ event }) => (event.type === 'CallRinging' ? [event.data.deviceId] : []));
  if (new Set(rang).size !== rang.length) yield named('S9 idempotent', callId, 'a device rang twice');
  const [first] = folds;
  for (const { event, actor } of events) {
    if (!actor || !first) continue;
    const callee = ['CallRinging', 'CallAnswered', 'CallDeclined'].includes(event.type);
    const caller = ['CallInitiated', 'CallCancelled'].includes(event.type);
    const may = [...(callee ? [] : [first.caller.userId]), ...(caller ? [] : [first.callee.userId])];
    if (!may.includes(actor.userId))
      yield named('S10 authorised', callId, `${event.type} by ${actor.userId}`);
  }
}

/** S6, S23: the ring has its length, whatever any clock says. */
function* timely({ callId, events, folds }: Story, { history }: Evidence): Violations {
  const begun = folds[0]?.initiatedAt ?? 0;
  const expires = begun + RING_MS;
  if (folds.some(({ ringExpiresAt }) => ringExpiresAt !== expires))
    yield named('S23 time', callId, 'the end of the ring moved');
  for (const [index, { event, at }] of events.entries()) {
    if (at < (events[index - 1]?.at ?? 0)) yield named('S23 time', callId, `${event.type} before its cause`);
    if (event.type === 'CallMissed' && at < expires - 50 - lateness(history, begun, expires))
      yield named('S23 time', callId, `missed ${expires - at} ms before the ring was over`);
    // Decided in time; an append may take as long as its deadline.
    if (event.type === 'CallAnswered' && at >= expires + LATE_MS)
      yield named('S6 lawful answer', callId, `answered ${at - expires} ms after the ring was over`);
  }
}

function lateness(history: Evidence['history'], from: number, to: number): number {
  return history.delayBetween(from, to, LATE_MS) ? LATE_MS : history.stalledBetween(from, to);
}

/** S10: nothing is recorded that nobody asked for. What hostile users ask for is not kept. */
function* caused({ callId, events }: Story, { history, aliases }: Evidence): Violations {
  const names = new Set([callId, ...[...aliases].filter(([, of]) => of === callId).map(([alias]) => alias)]);
  const asked = history.operations.filter((operation) => names.has(operation.callId ?? ''));
  for (const { event, actor, at } of events) {
    if (!actor || isHostile(actor.userId)) continue;
    const commands = [COMMAND_OF[event.type], ...(event.type === 'CallAnswered' ? ['call:initiate'] : [])];
    if (event.type === 'CallCancelled') commands.push('call:initiate'); // cancelled before it began
    // By another call to the same person, which took this one's place.
    const superseded = event.type === 'CallCancelled' && event.data.reason === 'superseded';
    const cause = (superseded ? history.operations : asked).find(
      (operation) =>
        (superseded
          ? operation.event === 'call:initiate' && !names.has(operation.callId ?? '')
          : commands.includes(operation.event)) &&
        operation.userId === actor.userId &&
        operation.deviceId === actor.deviceId &&
        operation.at <= at + 5,
    );
    if (!cause) yield named('S10 authorised', callId, `${event.type} by ${actor.deviceId}, who never asked`);
  }
}

/** S7, S8: what was acknowledged is recorded, for ever, and every refusal names a fact. */
function* acknowledged(evidence: Evidence): Violations {
  for (const operation of evidence.history.operations) {
    const { event, outcome, callId: name, deviceId, view } = operation;
    if (name === null || !event.startsWith('call:')) continue;
    const callId = evidence.aliases.get(name) ?? name;
    const story = evidence.stories.get(callId);
    const wrong = (what: string): Violation =>
      named('S8 acknowledged is recorded', callId, `${operation.phone} ${event}: ${outcome}, but ${what}`);
    const has = (like: (event: CallEvent) => boolean): boolean =>
      story?.events.some((row) => like(row.event)) === true;
    const over = (): boolean => story?.folds.at(-1)?.state === 'ended';
    const answered = story?.events.find((row) => row.event.type === 'CallAnswered');
    const winner = answered?.event.type === 'CallAnswered' ? answered.event.data.deviceId : null;
    switch (outcome) {
      case 'ok':
        if (event === 'call:cancel' && view === null) {
          const mine = story?.folds[0]?.caller.userId === operation.userId;
          if (mine && story?.events[1]?.event.type !== 'CallCancelled') yield wrong('the call rang');
          break;
        }
        if (!story) yield wrong('there is no such call');
        else if (event === 'call:ringing') {
          if (!has((e) => e.type === 'CallRinging' && e.data.deviceId === deviceId) && winner !== deviceId)
            yield wrong('it does not ring there');
        } else if (event === 'call:answer') {
          if (winner !== deviceId) yield wrong(`it was answered by ${winner ?? 'nobody'}`);
        } else if (['call:decline', 'call:cancel', 'call:end'].includes(event)) {
          if (!over()) yield wrong('the call is not over');
        } else if (event === 'call:initiate' && operation.merged) {
          if (winner === null) yield wrong('the merged call has no answer');
        }
        break;
      case 'ANSWERED_ELSEWHERE':
        if (winner === null || winner === deviceId) yield wrong(`the answer is ${winner ?? 'nobody'}'s`);
        break;
      case 'ALREADY_ANSWERED':
        if (winner === null) yield wrong('nobody answered');
        break;
      case 'CALL_ALREADY_ENDED':
        if (answered && answered.at > (operation.end ?? 0) + 5) yield wrong('it was answered later');
        break;
      case 'CALL_NOT_FOUND':
        if (
          story &&
          isParticipant(story, operation.userId) &&
          knownSince(story, name, evidence) < operation.at
        )
          yield wrong('the call exists');
        break;
      case 'INTERNAL':
        yield named('S21 alive', callId, `${operation.phone} ${event} was answered INTERNAL`);
        break;
      default: // lost, unavailable, not allowed: the caller knows that nothing is promised
    }
  }
}

/** S7d: what was answered before something else was asked stays known. */
function* inRealTime({ history }: Evidence): Violations {
  const known = new Map<string, { version: number; by: Operation }>();
  const moments = history.operations
    .filter(({ outcome, view, event }) => outcome === 'ok' && view !== null && event !== 'call:media')
    .flatMap((operation) => [
      { at: operation.at, operation, begins: true },
      { at: operation.end!, operation, begins: false },
    ])
    // At the same millisecond nothing is known about the order: what begins counts as earlier.
    .sort((a, b) => a.at - b.at || Number(b.begins) - Number(a.begins));
  const floors = new Map<Operation, { version: number; by: Operation } | undefined>();
  for (const { operation, begins } of moments) {
    const { callId, version } = operation.view!;
    const best = known.get(callId);
    if (begins) floors.set(operation, best);
    else {
      const floor = floors.get(operation);
      if (floor && floor.version > version)
        yield named(
          'S7 answers in real time',
          callId,
          `${operation.phone} was answered version ${version} after ${floor.by.phone} had been told ${floor.version}`,
        );
      if (!best || best.version < version) known.set(callId, { version, by: operation });
    }
  }
}

/** S7e, S8, S17: every state anybody was ever shown is a state the record went through. */
function* toldTheTruth({ history, stories }: Evidence): Violations {
  const shown = [
    ...history.told.flatMap(({ views, phone, event }) =>
      views.map((view) => ({ view: bare(view), phone, event })),
    ),
    ...history.operations.flatMap(({ view, phone, event }) =>
      view ? [{ view: bare(view), phone, event }] : [],
    ),
  ];
  const reported = new Set<string>();
  for (const { view, phone, event } of shown) {
    const story = stories.get(view.callId);
    const recorded = story?.views[view.version - 1];
    if (recorded && isDeepStrictEqual(recorded, view)) continue;
    const key = `${view.callId} ${view.version}`;
    if (reported.has(key)) continue;
    reported.add(key);
    const what = recorded
      ? `a state that never was (${difference(recorded, view)})`
      : 'a version that is not recorded';
    yield named(
      'S17 true state',
      view.callId,
      `${phone} was shown by ${event} version ${view.version}: ${what}`,
    );
  }
}

const difference = (recorded: CallView, shown: CallView): string =>
  (Object.keys(recorded) as (keyof CallView)[])
    .filter((field) => !isDeepStrictEqual(recorded[field], shown[field]))
    .map((field) => `${field} ${JSON.stringify(shown[field])}, recorded ${JSON.stringify(recorded[field])}`)
    .join('; ');

/**
 * When everybody can find the call by that name. What is recorded bears the time at which it was decided;
 * until its commit, which may be held up, nobody is shown it. The second name of a merged call begins
 * with its answer.
 */
function knownSince({ callId, events }: Story, name: string, { history }: Evidence): number {
  const first = name === callId ? events[0]! : events.find(({ event }) => event.type === 'CallAnswered');
  if (!first) return Infinity;
  const shows = (view: CallView | null): boolean => view?.callId === callId && view.version >= first.version;
  const shown = [
    ...history.told.filter(({ views }) => views.some(shows)).map(({ at }) => at),
    ...history.operations.filter(({ view }) => shows(view)).map(({ end }) => end ?? Infinity),
  ];
  return shown.reduce((earliest, at) => Math.min(earliest, at), first.at + LATE_MS);
}

const isParticipant = ({ folds }: Story, userId: string): boolean =>
  folds[0]?.caller.userId === userId || folds[0]?.callee.userId === userId;
