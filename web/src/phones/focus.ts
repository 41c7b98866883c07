import { useEffect, useRef } from 'preact/hooks';

/** What has had the keyboard's focus last; null when a pointer has been at work beside it. */
let last: Element | null = null;
addEventListener('focusin', ({ target }) => (last = target instanceof Element ? target : null));
addEventListener('pointerdown', () => (last = null));

/**
 * When one screen takes another's place, and with it what had the focus, the focus goes to the first of these that is
 * there, and not to the top of the page.
 */
export function useKeptFocus(screen: string, targets: readonly string[]): void {
  const before = useRef(screen);
  useEffect(() => {
    if (before.current === screen) return;
    before.current = screen;
    // Whatever else is drawn for the same change is drawn by then.
    requestAnimationFrame(() => {
      if (document.activeElement !== document.body || !last || last.isConnected) return;
      const target = targets.map((one) => document.querySelector<HTMLElement>(one)).find(Boolean);
      target?.focus({ preventScroll: true });
    });
  });
}
