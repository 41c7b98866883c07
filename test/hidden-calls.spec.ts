import { jest } from '@jest/globals';
import fc from 'fast-check';
import { CallRefused } from '../src/calls/domain/refusal.js';
import { DENIAL_MS, hidingCalls } from '../src/hidden-calls.js';

const denied = (): never => {
  throw new CallRefused('CALL_NOT_FOUND');
};

describe('a denied call', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  /** @returns after how many milliseconds somebody is answered for whom finding that answer took so many */
  const answeredAfter = async (ms: number, find: () => object): Promise<number> => {
    const begun = performance.now();
    const found = new Promise((resolve) => setTimeout(resolve, ms)).then(find);
    const answered = hidingCalls(() => found).then(
      () => performance.now() - begun,
      () => performance.now() - begun,
    );
    await jest.advanceTimersByTimeAsync(10 * DENIAL_MS);
    return answered;
  };

  it('is told at a moment that does not depend on how long it took to look', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: DENIAL_MS - 1 }), async (ms) => {
        expect(await answeredAfter(ms, denied)).toBe(DENIAL_MS);
        expect(await answeredAfter(DENIAL_MS + ms, denied)).toBe(2 * DENIAL_MS);
      }),
    ));

  it('is also a cancelled call that nobody has seen', async () => {
    expect(await answeredAfter(7, () => ({ call: null }))).toBe(DENIAL_MS);
  });

  it.each([
    ['a call that was found', () => ({ call: { callId: 'c' } })],
    ['an answer about no call', () => ({ seq: 1 })],
    [
      'another refusal',
      () => {
        throw new CallRefused('CALL_ALREADY_ENDED');
      },
    ],
  ])('does not hold up %s', async (_, find) => {
    expect(await answeredAfter(7, find)).toBe(7);
  });

  it('leaves no timer behind', async () => {
    await answeredAfter(7, denied);
    await answeredAfter(7, () => ({ call: {} }));
    expect(jest.getTimerCount()).toBe(0);
  });
});
