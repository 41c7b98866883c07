import { signal } from '@preact/signals';
import { textInStorage } from '../storage.js';
import { IS_DEMO } from '../mode.js';

const stored = textInStorage('ringway.operator', 'tab');

/** The operator's token; null: somebody has to hand it over. */
export const operatorToken = signal<string | null>(handedOver() ?? stored.read());
/** Why the last token was not good enough, in the gateway's words. */
export const refusal = signal<string | null>(null);

export function useToken(token: string): void {
  stored.write(token);
  refusal.value = null;
  operatorToken.value = token;
}

export function dropToken(why: string | null): void {
  stored.write(null);
  refusal.value = why;
  operatorToken.value = null;
}

/** In demo mode everybody is an operator. */
export async function demoToken(signal: AbortSignal): Promise<string | null> {
  if (!IS_DEMO) return null;
  const response = await fetch('/v1/dev/tokens', {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId: 'operator', scope: 'ringway:operator' }),
  });
  if (!response.ok) return null;
  const { token } = (await response.json()) as { token: string };
  return token;
}

/** `#token=…` of the address. A fragment is never sent anywhere; it is taken off at once all the same. */
function handedOver(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  stored.write(token);
  return token;
}
