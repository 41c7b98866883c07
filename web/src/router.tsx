import { computed, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

/** The pages of the console. The gateway serves the console under each of these paths (src/http/console.controller.ts). */
export type Route =
  | { page: 'home' }
  | { page: 'calls' }
  | { page: 'call'; callId: string }
  | { page: 'overview' }
  | { page: 'unknown' };

const path = signal(location.pathname);
addEventListener('popstate', () => (path.value = location.pathname));

export const route = computed<Route>(() => routeOf(path.value));

/** Goes to a page without loading it anew. */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  path.value = location.pathname;
  if (!replace) scrollTo(0, 0);
}

export const callPath = (callId: string): string => `/calls/${encodeURIComponent(callId)}`;

interface LinkProps {
  href: string;
  children: ComponentChildren;
  class?: string;
  'aria-current'?: 'page';
  'aria-label'?: string;
}

/** A link within the console: a plain one to everybody who opens it in another tab. */
export function Link({ href, children, ...more }: LinkProps) {
  const follow = (event: MouseEvent): void => {
    const other = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0;
    if (other || event.defaultPrevented) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a href={href} onClick={follow} {...more}>
      {children}
    </a>
  );
}

function routeOf(pathname: string): Route {
  const [first, second, ...rest] = pathname.split('/').filter(Boolean);
  if (first === undefined) return { page: 'home' };
  if (rest.length > 0) return { page: 'unknown' };
  if (first === 'calls') return second ? { page: 'call', callId: decode(second) } : { page: 'calls' };
  return first === 'overview' && !second ? { page: 'overview' } : { page: 'unknown' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
