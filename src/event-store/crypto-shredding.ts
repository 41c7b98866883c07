import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { NewEvent } from './event.js';

/**
 * Which fields of an event are personal, by event type and path, and what a reader finds there once their owner is
 * erased. The owner is the user who caused the event.
 */
export type PersonalFields = Readonly<Partial<Record<string, Readonly<Record<string, unknown>>>>>;

export interface UserKey {
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

type Data = Record<string, unknown>;

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The values of an event's personal fields, by path; null when it holds none worth keeping. */
export function personalPart({ type, data }: NewEvent, personal: PersonalFields): Data | null {
  const part: Data = {};
  for (const [path, erased] of Object.entries(personal[type] ?? {})) {
    const value = at(data as Data, path.split('.'));
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(erased)) part[path] = value;
  }
  return Object.keys(part).length === 0 ? null : part;
}

/**
 * The event as it is stored: personal fields hold what a reader finds after an erasure, and `sealed` the real ones,
 * encrypted (AES-256-GCM; 12 bytes of IV, ciphertext, 16 bytes of tag) under the owner's key.
 */
export function sealed<E extends NewEvent>(
  event: E,
  part: Data,
  { id, key }: UserKey,
  personal: PersonalFields,
): E {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv);
  const box = Buffer.concat([iv, cipher.update(JSON.stringify(part)), cipher.final(), cipher.getAuthTag()]);
  let data = event.data as Data;
  for (const path of Object.keys(part)) data = put(data, path.split('.'), personal[event.type]![path]);
  return { ...event, data: { ...data, sealed: { key: id, box: box.toString('base64') } } };
}

/** Beside an event's data, the key it was sealed with, as base64; null once its owner is erased. `events` is the table's name in the query. */
export const keyOf = (events: string): string =>
  `(select encode(k.key, 'base64') from user_keys k where k.id = (${events}.data #>> '{sealed,key}')::uuid)`;

/**
 * An event's data as it was recorded. Without the key, which is read in the same statement as the event, its personal
 * fields are empty: so no memory of any node can open what has been erased. The same goes for a box that somebody
 * changed: one spoiled name must not keep anybody from reading on.
 */
export function opened<D extends object>(stored: D, key: string | null): D {
  if (!('sealed' in stored)) return stored;
  const { sealed: seal, ...rest } = stored as Data & { sealed: { box: string } };
  let data: Data = rest;
  for (const [path, value] of Object.entries(key === null ? {} : unseal(seal.box, key)))
    data = put(data, path.split('.'), value);
  return data as D;
}

function unseal(box: string, key: string): Data {
  const bytes = Buffer.from(box, 'base64');
  const iv = bytes.subarray(0, IV_BYTES);
  try {
    const decipher = createDecipheriv(ALGORITHM, Buffer.from(key, 'base64'), iv, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
    return JSON.parse(Buffer.concat([text, decipher.final()]).toString()) as Data;
  } catch {
    return {};
  }
}

const at = (data: Data, [head, ...rest]: string[]): unknown =>
  rest.length === 0 ? data[head!] : at((data[head!] ?? {}) as Data, rest);

const put = (data: Data, [head, ...rest]: string[], value: unknown): Data => ({
  ...data,
  [head!]: rest.length === 0 ? value : put((data[head!] ?? {}) as Data, rest, value),
});
