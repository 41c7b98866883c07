const PATIENCE_MS = 5_000;
const PAUSE_MS = 50;

/**
 * Moves the focus to the page's heading as soon as there is one that stays, unless somebody has moved it meanwhile.
 * @returns gives up
 */
export function focusHeading(): () => void {
  const until = performance.now() + PATIENCE_MS;
  const timer = setInterval(() => {
    const elsewhere = document.activeElement !== null && document.activeElement !== document.body;
    const heading = document.querySelector<HTMLElement>('main h1:not([aria-busy])');
    if (heading && !elsewhere) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
    if (heading || elsewhere || performance.now() > until) clearInterval(timer);
  }, PAUSE_MS);
  return () => clearInterval(timer);
}
