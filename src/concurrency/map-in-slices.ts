import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 2;

/** As `Array.map`, with the event loop's other work in between whenever it has taken a few milliseconds. */
export async function mapInSlices<T, R>(items: readonly T[], map: (item: T) => R): Promise<R[]> {
  const mapped: R[] = [];
  let began = performance.now();
  for (const item of items) {
    mapped.push(map(item));
    if (performance.now() - began < SLICE_MS) continue;
    await nextTurn();
    began = performance.now();
  }
  return mapped;
}
