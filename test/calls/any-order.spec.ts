import fc from 'fast-check';
import { type Actor, type Call, type CallEvent, type Recorded, callOf } from '../../src/calls/domain/call.js';
import { viewOf } from '../../src/calls/domain/call-view.js';
import {
  answer,
  cancel,
  decline,
  end,
  expire,
  fail,
  initiate,
  ring,
  timeOut,
} from '../../src/calls/domain/decide.js';
import { START, decided } from '../support/given.js';
import { aliceCallsBob, iPad, iPhone, mallory, pixel, ringTimeoutMs, tablet } from './cast.js';
import { type Outcome, Model } from './model.js';

/** One wish of somebody, or of the gateway (then `by` does not matter). */
interface Wish {
  ask: (typeof asks)[number];
  by: Actor;
  /** How long after the one before. */
  laterMs: number;
  /** How many events the node that decides has not heard of yet. */
  behind: number;
}
const asks = ['initiate', 'ring', 'answer', 'decline', 'cancel', 'end', 'timeOut', 'fail', 'expire'] as const;

const wish: fc.Arbitrary<Wish> = fc.record({
  ask: fc.constantFrom(...asks),
  by: fc.constantFrom(iPhone, iPad, pixel, tablet, mallory),
  laterMs: fc.oneof(
    { weight: 8, arbitrary: fc.nat(1_000) },
    fc.constant(ringTimeoutMs - 1),
    fc.constant(ringTimeoutMs),
  ),
  behind: fc.nat(3),
});
const aliceCalls: Wish = { ask: 'initiate', by: iPhone, laterMs: 0, behind: 0 };

/** Alice calls, mostly, or hardly anything would ever happen; then all wishes in any order, each up to three times. */
const stories = fc
  .tuple(
    fc.constantFrom([aliceCalls], [aliceCalls], []),
    fc.array(fc.tuple(wish, fc.constantFrom(1, 1, 2, 3)), { minLength: 1, maxLength: 25, size: 'max' }),
  )
  .map(([first, others]) => [...first, ...others.flatMap(([one, times]) => Array<Wish>(times).fill(one))]);

const decide = (call: Call, { ask, by }: Wish, now: number): CallEvent[] => {
  if (ask === 'initiate') {
    return initiate(call, { ...aliceCallsBob, by, callee: by.userId === 'bob' ? 'alice' : 'bob' });
  }
  if (ask === 'answer') return answer(call, { by, now });
  if (ask === 'decline') return decline(call, { by, reason: 'declined' });
  return { ring, cancel, end, timeOut, fail, expire }[ask](call, { by });
};

interface Done {
  wish: Wish;
  now: number;
  outcome: Outcome;
  /** How many events there were when it was decided for good. */
  seen: number;
}

/** As nodes do it: decide on what is remembered, believe nothing but an append that succeeds, else look and decide again. */
function play(story: readonly Wish[]): { log: Recorded[]; done: Done[] } {
  const log: Recorded[] = [];
  let now = START;
  const done = story.map((one): Done => {
    now += one.laterMs;
    for (let call = callOf(log.slice(0, Math.max(0, log.length - one.behind))); ; call = callOf(log)) {
      const outcome = decided(() => decide(call, one, now));
      if (call.version !== log.length) continue; // PRIMARY KEY (stream_id, version)
      const about = { wish: one, now, seen: log.length };
      if (typeof outcome === 'string') return { ...about, outcome };
      log.push(...outcome.map((event) => ({ ...event, at: now })));
      return { ...about, outcome: outcome.map(({ type }) => type) };
    }
  });
  return { log, done };
}

const ends = new Set(['CallDeclined', 'CallCancelled', 'CallMissed', 'CallFailed', 'CallEnded']);
const answers = (log: readonly Recorded[]) => log.filter((event) => event.type === 'CallAnswered');

const always = (holds: (played: ReturnType<typeof play>) => void, numRuns = 300): void =>
  fc.assert(
    fc.property(stories, (story) => holds(play(story))),
    { numRuns },
  );

describe('whatever anybody asks for, in any order and repeatedly', () => {
  it('comes to what a tiny model of the contract says, and everything it can come to does occur', () => {
    const occurred = new Set<string>();
    const comparesWithModel = ({ done }: ReturnType<typeof play>): void => {
      const model = new Model();
      const expected = done.map(({ wish: { ask, by }, now, outcome }) => {
        const foreseen = model.expects(ask, by, now);
        model.happened(outcome, by, now);
        return foreseen;
      });
      expect(done.map(({ outcome }) => outcome)).toEqual(expected);
      for (const { outcome } of done) for (const word of [outcome].flat()) occurred.add(word);
    };
    // Enough for the rarest outcome to come up in every run of the suite.
    always(comparesWithModel, 1_000);
    expect([...occurred].sort()).toEqual(
      [
        'CallInitiated',
        'CallRinging',
        'CallAnswered',
        ...ends,
        'CALL_NOT_FOUND',
        'CALL_ALREADY_ENDED',
        'ANSWERED_ELSEWHERE',
        'ALREADY_ANSWERED',
        'NOT_ANSWERED',
        'NOT_ALLOWED',
        'CALL_ID_CONFLICT',
      ].sort(),
    );
  });

  it('gives versions without gaps, and every prefix of the events is a call (S1, S2)', () =>
    always(({ log }) => {
      for (let length = 0; length <= log.length; length++) {
        const call = callOf(log.slice(0, length));
        expect(call.version).toBe(length);
        if (call.state !== 'none') expect(viewOf(call).version).toBe(length);
      }
    }));

  it('lets a call begin once (S3)', () =>
    always(({ log }) =>
      log.forEach(({ type }, index) => expect(type === 'CallInitiated').toBe(index === 0)),
    ));

  it('has at most one answer (S4)', () =>
    always(({ log }) => expect(answers(log).length).toBeLessThanOrEqual(1)));

  it('has at most one end, and nothing after it (S5)', () =>
    always(({ log }) => {
      const end = log.findIndex(({ type }) => ends.has(type));
      if (end >= 0) expect(end).toBe(log.length - 1);
    }));

  it('is answered by a device of the callee while it rings, or not at all (S6)', () =>
    always(({ log, done }) => {
      const answering = done.find(({ outcome }) => outcome.includes('CallAnswered'));
      if (!answering) return;
      const before = callOf(log.slice(0, answering.seen));
      expect(before).toMatchObject({ callee: { userId: answering.wish.by.userId } });
      expect(before).not.toMatchObject({ caller: { userId: answering.wish.by.userId } });
      expect(answering.now).toBeLessThan(before.state === 'none' ? 0 : before.ringExpiresAt);
    }));

  it('tells one device that it answered, and the losers that it was another (S7)', () =>
    always(({ log, done }) => {
      const [won] = answers(log);
      const told = done.filter(({ wish: { ask } }) => ask === 'answer');
      expect(told.filter(({ outcome }) => outcome.includes('CallAnswered')).length).toBe(won ? 1 : 0);
      for (const { wish: one, outcome, seen } of told) {
        if (outcome.length === 0 || outcome.includes('CallAnswered'))
          expect(won?.data.deviceId).toBe(one.by.deviceId);
        if (outcome !== 'ANSWERED_ELSEWHERE') continue;
        expect(log.slice(0, seen)).toContain(won);
        expect(won?.data.deviceId).not.toBe(one.by.deviceId);
      }
    }));

  it('does nothing when it is repeated', () =>
    always(({ log, done }) => {
      for (const { wish: one, now, outcome, seen } of done) {
        if (typeof outcome === 'string') continue;
        const after = callOf(log.slice(0, seen + outcome.length));
        expect(decided(() => decide(after, one, now))).toEqual([]);
      }
    }));

  it('never shows a stranger that there is a call', () =>
    always(({ done }) => {
      const initiator = done.find(({ outcome }) => outcome.includes('CallInitiated'))?.wish.by.userId;
      if (initiator === 'mallory') return;
      for (const { wish: one, outcome } of done) {
        if (one.by !== mallory || ['initiate', 'timeOut', 'fail', 'expire'].includes(one.ask)) continue;
        expect(outcome).toBe('CALL_NOT_FOUND');
      }
    }));
});
