import { useEffect, useRef } from 'preact/hooks';
import { lazy } from './lazy.js';
import { IS_DEMO } from './mode.js';
import { currentCall } from './current-call.js';
import { Link, type Route, route } from './router.js';
import { ThemeChoice } from './theme.js';

const Phones = lazy(() => import('./phones/phones.js').then((module) => module.Phones));
const Inspector = lazy(() => import('./inspector/inspector.js').then((module) => module.Inspector));
const Overview = lazy(() => import('./overview/overview.js').then((module) => module.Overview));

const TABS = [
  ...(IS_DEMO ? [{ href: '/', label: 'Phones', pages: ['home'] }] : []),
  { href: '/calls', label: 'Calls', pages: IS_DEMO ? ['calls', 'call'] : ['home', 'calls', 'call'] },
  { href: '/overview', label: 'Overview', pages: ['overview'] },
];

const TITLES: Record<Route['page'], string> = {
  home: IS_DEMO ? 'Phones' : 'Calls',
  calls: 'Calls',
  call: 'Call',
  overview: 'Overview',
  unknown: 'Not here',
};

/** What is around every page: the name, the way to the other pages, the colours. */
export function Shell() {
  const { page } = route.value;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = currentCall.value?.rings ? currentCall.value.text : `${TITLES[page]} · Ringway`;
  }, [page, currentCall.value]);
  const here = route.value.page === 'call' ? route.value.callId : page;
  useEffect(() => {
    // A screen reader goes on reading at the new page, as after a load.
    const stop = first.current || !main.current ? undefined : focusHeading(main.current);
    first.current = false;
    return stop;
  }, [here]);
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the page
      </a>
      <header class="shell-header">
        <Link href="/" class="shell-name">
          <Mark />
          Ringway
        </Link>
        <nav aria-label="Pages" class="shell-nav">
          {TABS.map(({ href, label, pages }) => (
            <Link key={href} href={href} aria-current={pages.includes(page) ? 'page' : undefined}>
              {label}
            </Link>
          ))}
        </nav>
        <div class="shell-aside">
          {page !== 'home' && currentCall.value && (
            <Link href="/" class={currentCall.value.rings ? 'currentCall rings' : 'currentCall'}>
              {currentCall.value.text}
            </Link>
          )}
          <a href="/docs" class="shell-docs">
            API
          </a>
          <ThemeChoice />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Page />
      </main>
    </>
  );
}

const HEADING_WITHIN_MS = 3_000;

/** The page's heading gets the focus as soon as the page is there. @returns the way to give that up */
function focusHeading(main: HTMLElement): () => void {
  const look = (): void => {
    const heading = main.querySelector<HTMLElement>('h1:not([aria-busy])');
    if (!heading) return;
    stop();
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(look);
  const timer = setTimeout(() => stop(), HEADING_WITHIN_MS);
  const stop = (): void => {
    observer.disconnect();
    clearTimeout(timer);
  };
  main.focus({ preventScroll: true });
  observer.observe(main, { childList: true, subtree: true });
  look();
  return stop;
}

function Page() {
  const now = route.value;
  switch (now.page) {
    case 'home':
      return IS_DEMO ? <Phones /> : <Inspector />;
    case 'calls':
      return <Inspector />;
    case 'call':
      return <Inspector key={now.callId} callId={now.callId} />;
    case 'overview':
      return <Overview />;
    case 'unknown':
      return (
        <div class="page-note">
          <h1>There is no such page</h1>
          <p>
            Go to the <Link href="/">first page</Link>.
          </p>
        </div>
      );
  }
}

/** A bell's waves, seen from above. */
function Mark() {
  return (
    <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <g fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round">
        <path d="M8 16.2a5.6 5.6 0 1 1 8 0" />
        <path d="M4.9 19.3a10 10 0 1 1 14.2 0" opacity=".45" />
      </g>
      <circle cx="12" cy="12.4" r="2.1" fill="currentColor" />
    </svg>
  );
}
