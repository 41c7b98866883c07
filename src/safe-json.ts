/** Deeper input is refused before anything recursive (socket.io's binary check, JSON.stringify, zod) sees it. */
export const MAX_DEPTH = 64;
/** More than the largest signal can hold: 65,536 bytes are at most 32,768 values. */
const MAX_NODES = 40_000;

export interface Flaw {
  path: string;
  message: string;
}

/**
 * Looks for what could hurt further in: deep nesting, binary, `__proto__`, and text that PostgreSQL cannot store (NUL,
 * lone surrogates). Iterative, because the input may be 4,000 levels deep.
 * @param relayed handed on as it is, and neither stored nor copied: then its names and texts harm nobody
 * @returns the first flaw, or null when the value is harmless
 */
export function findFlaw(value: unknown, { relayed = false } = {}): Flaw | null {
  const stack: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 0 }];
  let nodes = 0;
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value: part, path, depth } = next;
    if (++nodes > MAX_NODES) return { path: '', message: `has more than ${MAX_NODES} values` };
    if (typeof part === 'string') {
      const flaw = relayed ? null : textFlaw(part);
      if (flaw) return { path, message: flaw };
    } else if (part !== null && typeof part === 'object') {
      if (depth >= MAX_DEPTH) return { path: '', message: `is nested deeper than ${MAX_DEPTH} levels` };
      if (Array.isArray(part)) {
        for (const [index, item] of part.entries())
          stack.push({ value: item, path: join(path, String(index)), depth: depth + 1 });
        continue;
      }
      const prototype: unknown = Object.getPrototypeOf(part);
      if (prototype !== Object.prototype && prototype !== null)
        return { path, message: 'must be JSON, not binary' };
      for (const [key, item] of Object.entries(part)) {
        if (key === '__proto__' && !relayed)
          return { path: join(path, key), message: 'is not an allowed name' };
        const flaw = relayed ? null : textFlaw(key);
        if (flaw) return { path, message: `has a name that ${flaw}` };
        stack.push({ value: item, path: join(path, key), depth: depth + 1 });
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

const join = (path: string, key: string): string => {
  const short = key.length > 40 ? `${key.slice(0, 40)}…` : key;
  return path ? `${path}.${short}` : short;
};
