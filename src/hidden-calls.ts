import { CallRefused } from './calls/domain/refusal.js';

/** When it is told that there is no such call: this long after the question, or twice, three times … as long. */
export const DENIAL_MS = 250;

/**
 * For a stranger a call does not exist, and the time it takes to say so must not tell otherwise: reading a call that
 * does takes a little longer. So the moment of a denial is set before anybody looks, by a timer that cannot know what is
 * found. Everybody else is answered at once.
 */
export async function hidingCalls<Answer>(look: () => Promise<Answer>): Promise<Answer> {
  let deny: (() => void) | undefined;
  const moments = setInterval(() => deny?.(), DENIAL_MS);
  const nextMoment = (): Promise<void> => new Promise((resolve) => (deny = resolve));
  try {
    const answer = await look();
    if ((answer as { call?: unknown } | undefined)?.call === null) await nextMoment();
    return answer;
  } catch (error) {
    if (error instanceof CallRefused && error.code === 'CALL_NOT_FOUND') await nextMoment();
    throw error;
  } finally {
    clearInterval(moments);
  }
}
