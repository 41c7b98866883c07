/** Deeper input is refused before anything recursive (socket.io's binary check, JSON.stringify, zod) sees it. */
export const MAX_DEPTH = 64;
/** More than the largest signal can hold: 65,536 bytes are at most 32,768 values. */
const MAX_NODES = 40_000;

export interface Flaw {
  path: string;
  message: string;
}

/** A value on the way through the input, and how it was reached. */
interface Place {
  value: unknown;
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
  const stack: Place[] = [{ value, depth: 0, name: '', within: null }];
  let nodes = 0;
  for (let place = stack.pop(); place; place = stack.pop()) {
    const { value: part, depth } = place;
    if (++nodes > MAX_NODES) return { path: '', message: `has more than ${MAX_NODES} values` };
    if (typeof part === 'string') {
      const flaw = relayed ? null : textFlaw(part);
      if (flaw) return { path: pathOf(place), message: flaw };
    } else if (part !== null && typeof part === 'object') {
      if (depth >= MAX_DEPTH) return { path: '', message: `is nested deeper than ${MAX_DEPTH} levels` };
      if (Array.isArray(part)) {
        for (const [name, item] of (part as unknown[]).entries())
          stack.push({ value: item, depth: depth + 1, name, within: place });
        continue;
      }
      const prototype: unknown = Object.getPrototypeOf(part);
      if (prototype !== Object.prototype && prototype !== null)
        return { path: pathOf(place), message: 'must be JSON, not binary' };
      for (const [name, item] of Object.entries(part)) {
        const inside = { value: item, depth: depth + 1, name, within: place };
        if (name === '__proto__' && !relayed)
          return { path: pathOf(inside), message: 'is not an allowed name' };
        const flaw = relayed ? null : textFlaw(name);
        if (flaw) return { path: pathOf(place), message: `has a name that ${flaw}` };
        stack.push(inside);
      }
    }
  }
  return null;
}

/** Removes what {@link findFlaw} would refuse in a text. */
export const cleanText = (text: string): string =>
  text.replaceAll('\0', '').replace(LONE_SURROGATE, '\uFFFD');

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

function textFlaw(text: string): string | null {
  if (text.includes('\0')) return 'must not contain the NUL character';
  return text.search(LONE_SURROGATE) >= 0 ? 'must not contain half of a surrogate pair' : null;
}

/** With dots. Written only for a flaw: an input has up to 40,000 places. */
function pathOf(place: Place): string {
  const names: string[] = [];
  for (let at: Place | null = place; at?.within; at = at.within) {
    const name = String(at.name);
    names.unshift(name.length > 40 ? `${name.slice(0, 40)}…` : name);
  }
  return names.join('.');
}
