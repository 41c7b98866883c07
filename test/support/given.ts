import { type Call, type CallEvent, type Recorded, callOf } from '../../src/calls/domain/call.js';
import { CallRefused, type RefusalCode } from '../../src/calls/domain/refusal.js';

/** The instant every story begins; its events follow one second apart. */
export const START = Date.parse('2026-11-22T12:00:00.000Z');

export const recorded = (history: readonly CallEvent[]): Recorded[] =>
  history.map((event, second) => ({ ...event, at: START + second * 1_000 }));

/** The events a decision comes to, or the code of its refusal. */
export function decided(decision: () => CallEvent[]): CallEvent[] | RefusalCode {
  try {
    return decision();
  } catch (error) {
    if (error instanceof CallRefused) return error.code;
    throw error;
  }
}

/** `given(initiated, ringing).when(answer, onPixel).happens(answered)` */
export const given = (...history: CallEvent[]) => ({
  when: <Asked extends unknown[]>(decide: (call: Call, ...asked: Asked) => CallEvent[], ...asked: Asked) => {
    const outcome = decided(() => decide(callOf(recorded(history)), ...asked));
    return {
      happens: (...events: CallEvent[]): void => expect(outcome).toEqual(events),
      nothingHappens: (): void => expect(outcome).toEqual([]),
      refused: (code: RefusalCode): void => expect(outcome).toBe(code),
    };
  },
});
