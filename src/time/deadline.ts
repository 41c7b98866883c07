import { Failure } from '../errors/api-error.js';

/** Every command and request is answered by then, whatever hangs behind it: promised are two seconds. */
export const ANSWER_MS = 1_950;

export const tooLate = (): Failure =>
  new Failure('UNAVAILABLE', 'This takes longer than it should; try again.');

/** For what waits for its turn: whoever has waited longer has been answered {@link tooLate} already, or is about to be. */
export const ANSWERED_IN_TIME = { ms: ANSWER_MS - 50, error: tooLate };

/**
 * The work's outcome if it comes in time. What comes later is dropped: it may have been done, repeating it is safe.
 * @throws Failure `UNAVAILABLE`
 */
export async function inTime<T>(work: Promise<T>, ms = ANSWER_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate()), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
