import { isIPv4 } from 'node:net';

/** Whether a browser's page may talk to us: same origin, or listed. Native apps send no origin. */
export function allowsOrigin(
  allowed: readonly string[],
  origin: string | undefined,
  host: string | undefined,
): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

export const FOREIGN_HOST =
  'This demo is for this machine alone: it answers at localhost, a loopback address, or the host of PUBLIC_URL.';

/**
 * A demo hands a token to whoever asks, so while it listens on this machine alone, no page of somebody else's may ask: one
 * whose name was made to point here (DNS rebinding) is of the same origin, but cannot choose what its Host says.
 */
export function allowsHost(
  { demo, host: listens, publicUrl }: { demo: boolean; host: string; publicUrl: string | null },
  host: string | undefined,
): boolean {
  if (!demo || !isLoopback(listens)) return true;
  const asked = nameIn(`http://${host ?? ''}`);
  return asked !== null && (isLoopback(asked) || (publicUrl !== null && asked === nameIn(publicUrl)));
}

/** IPv6 without its brackets. */
const nameIn = (url: string): string | null =>
  URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') : null;

const isLoopback = (name: string): boolean =>
  /(^|\.)localhost$/i.test(name) || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
