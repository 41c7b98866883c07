export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON object in this text, null when there is none: other JSON, or none at all. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The JSON object in a body of strict UTF-8, null when there is none. */
export function parseBody(body: Buffer): JsonObject | null {
  try {
    return parseObject(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return null;
  }
}

/** Header or claims of a JWT: a JSON object in base64url, null when the part is something else. */
export function parseJwtPart(part: string): JsonObject | null {
  return /^[A-Za-z0-9_-]+$/.test(part) ? parseObject(Buffer.from(part, 'base64url').toString('utf8')) : null;
}
