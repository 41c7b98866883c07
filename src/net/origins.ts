import { isIPv4 } from 'node:net';

/**
 * Whether a browser's page may talk to us: same origin, or listed. Native apps send no origin. Where PUBLIC_URL says that the
 * gateway is reached over TLS, a page of the same host that came without it is another origin: anybody on the way may have
 * written it.
 */
export function allowsOrigin(
  { corsOrigins, publicUrl }: { corsOrigins: readonly string[]; publicUrl: string | null },
  origin: string | undefined,
  host: string | undefined,
): boolean {
  if (origin === undefined || corsOrigins.includes('*') || corsOrigins.includes(origin)) return true;
  if (!URL.canParse(origin) || new URL(origin).host !== host) return false;
  const ours = publicUrl === null ? null : new URL(publicUrl);
  return ours?.host !== host || ours.protocol !== 'https:' || new URL(origin).protocol === 'https:';
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
