import { type CallEvent, type ExistingCall, callOf } from '../../src/calls/domain/call.js';
import { viewOf } from '../../src/calls/domain/call-view.js';
import { recordOf } from '../../src/history/call-record.js';
import {
  answeredOn,
  busyByPolicy,
  cancelledOn,
  declinedOn,
  endedOn,
  iPhone,
  initiated,
  missed,
  pixel,
  ringingOn,
  tablet,
} from '../calls/cast.js';
import { START } from '../support/given.js';

type Moment = [after: number, event: CallEvent];

/** A call from events at so many milliseconds after its start. */
const callFrom = (...history: Moment[]): ExistingCall =>
  callOf(history.map(([after, event]) => ({ ...event, at: START + after }))) as ExistingCall;
const asked = (after: number, call: ExistingCall, userId = 'alice') => recordOf(call, userId, START + after);
const LATER = 999_999;

describe('a line of the call history', () => {
  it('is the call as everybody sees it, and three things more', () => {
    const call = callFrom([0, initiated], [1_000, ringingOn(pixel)]);
    expect(asked(3_000, call)).toEqual({
      ...viewOf(call),
      direction: 'outgoing',
      ringSeconds: 2,
      talkSeconds: 0,
    });
  });

  it('is outgoing for who called, and incoming for who was called', () => {
    const call = callFrom([0, initiated]);
    expect(asked(0, call, 'alice').direction).toBe('outgoing');
    expect(asked(0, call, 'bob').direction).toBe('incoming');
  });

  it.each<[string, Moment[], { ringSeconds: number; talkSeconds: number }]>([
    [
      'how long it rang, and how long they talked',
      [
        [0, initiated],
        [1_000, ringingOn(pixel)],
        [9_000, answeredOn(pixel)],
        [69_000, endedOn(iPhone)],
      ],
      { ringSeconds: 8, talkSeconds: 60 },
    ],
    [
      'how long it rang since its first device did',
      [
        [0, initiated],
        [1_000, ringingOn(pixel)],
        [5_000, ringingOn(tablet)],
        [9_000, declinedOn(tablet)],
      ],
      { ringSeconds: 8, talkSeconds: 0 },
    ],
    [
      'how long it rang for nobody',
      [
        [0, initiated],
        [2_000, ringingOn(pixel)],
        [45_000, missed],
      ],
      { ringSeconds: 43, talkSeconds: 0 },
    ],
    [
      'that it never rang, though it took a while',
      [
        [0, initiated],
        [20_000, cancelledOn(iPhone)],
      ],
      { ringSeconds: 0, talkSeconds: 0 },
    ],
    [
      'that it was answered at once, without ringing',
      [
        [0, initiated],
        [2_000, answeredOn(pixel)],
        [5_000, endedOn(pixel)],
      ],
      { ringSeconds: 0, talkSeconds: 3 },
    ],
    [
      'that a busy callee never heard of it',
      [
        [0, initiated],
        [0, busyByPolicy],
      ],
      { ringSeconds: 0, talkSeconds: 0 },
    ],
    [
      'whole seconds, rounded',
      [
        [0, initiated],
        [0, ringingOn(pixel)],
        [1_499, answeredOn(pixel)],
        [2_999, endedOn(pixel)],
      ],
      { ringSeconds: 1, talkSeconds: 2 },
    ],
  ])('says %s', (_, history, seconds) => expect(asked(LATER, callFrom(...history))).toMatchObject(seconds));

  it('counts on while the call lives', () => {
    const rings = callFrom([0, initiated], [1_000, ringingOn(pixel)]);
    const talks = callFrom([0, initiated], [1_000, ringingOn(pixel)], [3_000, answeredOn(pixel)]);
    expect(asked(11_000, rings)).toMatchObject({ ringSeconds: 10, talkSeconds: 0 });
    expect(asked(63_000, talks)).toMatchObject({ ringSeconds: 2, talkSeconds: 60 });
  });

  it('never counts below nothing, should a clock be behind', () =>
    expect(asked(-5_000, callFrom([0, initiated], [0, ringingOn(pixel)]))).toMatchObject({
      ringSeconds: 0,
      talkSeconds: 0,
    }));
});
