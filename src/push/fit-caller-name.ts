/**
 * The payload if it is within `limit` bytes by `size`; else the same with `callerName` cut after as many whole code
 * points as fit; null when it is too large even without a name. Only a name can be long: all else has a fixed form.
 */
export function fitCallerName<T extends object>(
  payload: T,
  limit: number,
  size: (payload: T) => number,
): T | null {
  if (size(payload) <= limit) return payload;
  if (!('callerName' in payload) || typeof payload.callerName !== 'string') return null;

  const points = Array.from(payload.callerName);
  const named = (length: number): T => ({ ...payload, callerName: points.slice(0, length).join('') });
  if (size(named(0)) > limit) return null;

  let fits = 0;
  let tooLong = points.length;
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (size(named(middle)) <= limit) fits = middle;
    else tooLong = middle;
  }
  return named(fits);
}

/** Bytes on the wire of a JSON body; Apple's limit for a VoIP push is 5120 of them. */
export function jsonBytes(payload: object): number {
  return Buffer.byteLength(JSON.stringify(payload));
}

/** Bytes of keys and values, as Google counts the 4096 of a data message. */
export function dataBytes(data: Record<string, string>): number {
  return Object.entries(data).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
}
