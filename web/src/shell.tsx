import { useEffect, useRef } from 'preact/hooks';
import { lazy } from './lazy.js';
import { isDemo } from './mode.js';
import { ongoing } from './ongoing.js';
import { Link, type Route, route } from './router.js';
import { ThemeChoice } from './theme.js';

const Phones = lazy(() => import('./phones/phones.js').then((module) => module.Phones));
const Inspector = lazy(() => import('./inspector/inspector.js').then((module) => module.Inspector));
const Overview = lazy(() => import('./overview/overview.js').then((module) => module.Overview));

const TABS = [
  ...(isDemo ? [{ href: '/', label: 'Phones', pages: ['home'] }] : []),
  { href: '/calls', label: 'Calls', pages: isDemo ? ['calls', 'call'] : ['home', 'calls', 'call'] },
  { href: '/overview', label: 'Overview', pages: ['overview'] },
];

const TITLES: Record<Route['page'], string> = {
  home: isDemo ? 'Phones' : 'Calls',
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
    document.title = ongoing.value?.rings ? ongoing.value.text : `${TITLES[page]} · Ringway`;
  }, [page, ongoing.value]);
  useEffect(() => {
    // A screen reader goes on reading at the new page, as after a load.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [page]);
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
          {page !== 'home' && ongoing.value && (
            <Link href="/" class={ongoing.value.rings ? 'ongoing rings' : 'ongoing'}>
              {ongoing.value.text}
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

function Page() {
  const now = route.value;
  switch (now.page) {
    case 'home':
      return isDemo ? <Phones /> : <Inspector />;
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
