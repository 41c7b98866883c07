import { useEffect, useState } from 'preact/hooks';
import { IS_DEMO } from '../mode.js';
import { demoToken, dropToken, operatorToken, useToken } from './token.js';

/** What the gateway answers instead: an RFC 9457 problem. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** Asks one of the operators' routes. A token that is not good enough is forgotten. */
export async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  if (operatorToken.value === null) {
    const token = await demoToken(signal);
    if (token !== null) useToken(token);
  }
  const response = await fetch(`/v1/operator${path}`, {
    signal,
    headers: { authorization: `Bearer ${operatorToken.value}` },
  });
  if (response.ok) return (await response.json()) as T;
  const { code, detail } = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  if (response.status === 401 || response.status === 403) dropToken(detail ?? null);
  throw new Problem(response.status, code ?? '', detail ?? `The gateway answered ${response.status}.`);
}

export interface Asked<T> {
  /** The last good answer. */
  answer: T | null;
  /** What is wrong now; null while all is well. It is tried again by itself, unless asking cannot help. */
  problem: string | null;
  /** It does not exist. */
  missing: boolean;
}

const NOTHING = { answer: null, problem: null, missing: false };
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
/** The gateway works on our questions a fifth of the time at most. */
const REST = 5;

/**
 * Asks again and again while the page is looked at, and goes on by itself after the gateway was away.
 * @param question asks, possibly several routes; `key` names it: another key begins anew
 * @param pauseMs until the next time; null: this answer is final
 */
export function useAsked<T>(
  key: string,
  question: (signal: AbortSignal) => Promise<T>,
  pauseMs: (answer: T) => number | null,
): Asked<T> {
  const [asked, setAsked] = useState<Asked<T> & { key: string }>({ ...NOTHING, key });
  // In demo mode a token is fetched when it is needed: nothing begins anew because of it.
  const wanted = IS_DEMO ? null : operatorToken.value;
  useEffect(() => {
    const stop = new AbortController();
    void keepAsking(stop.signal);
    return () => stop.abort();

    async function keepAsking(signal: AbortSignal): Promise<void> {
      let failures = 0;
      while (!signal.aborted) {
        const began = performance.now();
        try {
          const answer = await question(signal);
          if (signal.aborted) return;
          failures = 0;
          setAsked({ key, answer, problem: null, missing: false });
          const pause = pauseMs(answer);
          if (pause === null) return;
          await rest(Math.max(pause, (performance.now() - began) * REST), signal);
        } catch (error) {
          if (signal.aborted) return;
          const known = error instanceof Problem ? error : null;
          const problem = known?.message ?? 'The gateway does not answer. Trying again…';
          const missing = known?.status === 404;
          setAsked((before) => ({
            key,
            problem,
            missing,
            answer: before.key === key ? before.answer : null,
          }));
          if (known && !mayMend(known)) return;
          await rest(Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS), signal);
        }
      }
    }
  }, [key, wanted]);
  return asked.key === key ? asked : NOTHING;
}

const mayMend = ({ status }: Problem): boolean =>
  status >= 500 || status === 429 || (IS_DEMO && status === 401);

/** Waits this long, and then until somebody looks at the page. */
function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    const look = (): void => {
      if (!document.hidden) done();
    };
    const timer = setTimeout(() => {
      if (document.hidden) document.addEventListener('visibilitychange', look);
      else done();
    }, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
