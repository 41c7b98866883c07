import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** How wide the inside of an element is, in pixels; a chart is drawn for just that, so that its text keeps its size. */
export function useWidth<E extends HTMLElement = HTMLElement>(): [{ current: E | null }, number] {
  const box = useRef<E>(null);
  const [width, setWidth] = useState(600);
  useLayoutEffect(() => {
    const watched = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    watched.observe(box.current!);
    return () => watched.disconnect();
  }, []);
  return [box, width];
}
