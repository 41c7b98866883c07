import type { Connection } from './connection.js';

/** Header fields in wire order, pseudo header fields first, names in lower case. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** What the rules look at: plain data, so that they can be tried without a socket. */
export interface IncomingRequest {
  method: string;
  path: string;
  headers: HeaderList;
  /** At most `bodyLimit` bytes of it; `bodyBytes` is its true size. */
  body: Buffer;
  bodyBytes: number;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** FCM's habit: the last DATA frame is an empty one of its own. APNs puts END_STREAM on the body. */
  emptyLastFrame?: boolean;
}

/** One request and the one thing that may be done with it. Doing it twice, or too late, does nothing. */
export interface Exchange extends IncomingRequest {
  readonly connection: Connection;
  readonly stream: number;
  respond(answer: Answer): void;
  /** RST_STREAM with this code; on HTTP/1.1 the connection is reset. */
  reset(code: number): void;
  /** Calls `then` once the stream is closed; on HTTP/1.1 once the answer is out. */
  done(then: () => void): void;
}

export const bodyLimit = 65_536;

export function headerValue(headers: HeaderList, name: string): string | undefined {
  return headers.find(([other]) => other === name)?.[1];
}

/** `['a', '1', 'B', '2']`, as Node hands it out, to `[['a', '1'], ['b', '2']]`. */
export function headerPairs(raw: readonly string[]): HeaderList {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([(raw[i] ?? '').toLowerCase(), raw[i + 1] ?? '']);
  return pairs;
}
