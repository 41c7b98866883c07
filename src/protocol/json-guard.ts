/** Deeper input is refused before anything recursive (socket.io's binary check, JSON.stringify, zod) sees it. */
export const MAX_DEPTH = 64;
/** More than the largest signal can hold: 65,536 bytes are at most 32,768 values. */
const MAX_NODES = 40_000;

export interface Flaw {
  path: string;
  message: string;
}

/** An array or object on the way through the input, and how it was reached. */
interface Place {
  value: object;
  depth: number;
  name: string | number;
  within: Place | null;
}

/**
 * Looks for what could hurt further in: deep nesting, binary, `__proto__`, and text that PostgreSQL cannot store (NUL,
 * lone surrogates). Iterative, because the input may be 4,000 levels deep.
 * @param relayed handed on as it is, and neither stored nor copied: then its names and texts harm nobody
 * @returns the first flaw, or null when the value is harmless
 */
export function findFlaw(value: unknown, { relayed = false } = {}): Flaw | null {
  if (typeof value === 'string') return flawAt('', relayed ? null : textFlaw(value));
  if (value === null || typeof value !== 'object') return null;
  const stack: Place[] = [{ value, depth: 0, name: '', within: null }];
  let nodes = 1;
  for (let place = stack.pop(); place; place = stack.pop()) {
    const { value: part, depth } = place;
    if (depth >= MAX_DEPTH) return { path: '', message: `is nested deeper than ${MAX_DEPTH} levels` };
    const isArray = Array.isArray(part);
    const prototype: unknown = isArray ? null : Object.getPrototypeOf(part);
    if (prototype !== Object.prototype && prototype !== null)
      return { path: pathOf(place), message: 'must be JSON, not binary' };
    const names = isArray ? null : Object.keys(part);
    const count = names ? names.length : (part as unknown[]).length;
    nodes += count;
    if (nodes > MAX_NODES) return { path: '', message: `has more than ${MAX_NODES} values` };
    for (let index = 0; index < count; index++) {
      const name = names ? names[index]! : index;
      const item = (part as Record<string | number, unknown>)[name];
      if (names && !relayed) {
        if (name === '__proto__') return { path: pathOf(place, name), message: 'is not an allowed name' };
        const flaw = textFlaw(name as string);
        if (flaw) return flawAt(pathOf(place), `has a name that ${flaw}`);
      }
      if (item !== null && typeof item === 'object')
        stack.push({ value: item, depth: depth + 1, name, within: place });
      else if (typeof item === 'string' && !relayed) {
        const flaw = textFlaw(item);
        if (flaw) return flawAt(pathOf(place, name), flaw);
      }
    }
  }
  return null;
}

const flawAt = (path: string, message: string | null): Flaw | null =>
  message === null ? null : { path, message };

/** Removes what {@link findFlaw} would refuse in a text. */
export const cleanText = (text: string): string =>
  text.replaceAll('\0', '').replace(LONE_SURROGATE, '\uFFFD');

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

function textFlaw(text: string): string | null {
  if (text.includes('\0')) return 'must not contain the NUL character';
  return text.search(LONE_SURROGATE) >= 0 ? 'must not contain half of a surrogate pair' : null;
}

/** With dots. Written only for a flaw: an input has up to 40,000 places. */
function pathOf(place: Place, ...inside: (string | number)[]): string {
  const names = [...inside];
  for (let at: Place | null = place; at?.within; at = at.within) names.unshift(at.name);
  return names
    .map(String)
    .map((name) => (name.length > 40 ? `${name.slice(0, 40)}…` : name))
    .join('.');
}
