import type { IncomingHttpHeaders } from 'node:http2';

/** The provider took the push; whether the phone rings is for the phone to say. */
export interface PushTaken {
  outcome: 'accepted';
  status: number;
}

/**
 * The token is not good here: APNs 400 BadDeviceToken (malformed, or it belongs to the other environment), FCM 403
 * SENDER_ID_MISMATCH (it belongs to another project). So it looks as well when it is we who are in the wrong place.
 */
export interface BadToken {
  outcome: 'bad-token';
  status: number;
  reason: string;
}

/** The install is gone: since that moment (ms since the epoch, by Apple's clock), or null where the vendor gives no date. */
export interface TokenGone {
  outcome: 'gone';
  status: number;
  reason: string;
  since: number | null;
}

/** Worth another try with the same push. `status` is null when no answer came; `retryAfterMs` is what the vendor asked for. */
export interface PushDelayed {
  outcome: 'retry';
  status: number | null;
  reason: string;
  retryAfterMs: number | null;
}

/** Refused, and the same push will be refused again; the token stays. `configuration`: the operator can mend it, nobody else. */
export interface PushRefused {
  outcome: 'rejected';
  status: number | null;
  reason: string;
  configuration: boolean;
}

/** Nobody wanted it any more when its turn came: it was never written. */
export interface PushWithdrawn {
  outcome: 'withdrawn';
}

/** What became of a push that was wanted to the end. */
export type PushAnswer = PushTaken | BadToken | TokenGone | PushDelayed | PushRefused;

/** What became of one push. A vendor's refusal is a value, never an exception. */
export type PushResult = PushAnswer | PushWithdrawn;

/** What a vendor answered, as far as it was read: the body may be cut short or no JSON at all. */
export interface VendorReply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

const ofTheOperator = new Set(['BadTopic', 'MissingTopic', 'TopicDisallowed']);

/**
 * APNs' answer as a result, by the table of the contract, section 6.
 * `now` is ms since the epoch, needed where Retry-After is a date.
 * @see https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
 */
export function apnsResult({ status, headers, body }: VendorReply, now: number): PushAnswer {
  if (status === 200) return { outcome: 'accepted', status };

  const answer = jsonObject(body);
  const stated = word(answer.reason);
  const reason = stated ?? `HTTP ${status}`;
  if (status === 429 || status >= 500) {
    return { outcome: 'retry', status, reason, retryAfterMs: retryAfterMs(headers['retry-after'], now) };
  }
  if (status === 400 && reason === 'BadDeviceToken') return { outcome: 'bad-token', status, reason };
  // A 410 without its date proves nothing about a token that was registered again since: it falls through.
  if (status === 410 && typeof answer.timestamp === 'number' && Number.isFinite(answer.timestamp)) {
    return { outcome: 'gone', status, reason, since: answer.timestamp };
  }
  // Every 403 is about keys and teams. An answer without a reason did not come from Apple: the origin is wrong.
  const configuration = status === 403 || ofTheOperator.has(reason) || stated === null;
  return { outcome: 'rejected', status, reason, configuration };
}

/**
 * FCM's answer as a result, by the table of the contract, section 6. The `errorCode` of an FcmError decides, not the
 * HTTP status: a 404 or 400 without one is a wrong project or a wrong body, and says nothing about the token.
 * @see https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
 */
export function fcmResult({ status, headers, body }: VendorReply, now: number): PushAnswer {
  if (status === 200) return { outcome: 'accepted', status };

  const error = object(jsonObject(body).error);
  const code = fcmErrorCode(error);
  const stated = code ?? word(error.status);
  const says = (name: string): boolean => [code, error.status].includes(name);
  const reason = stated ?? `HTTP ${status}`;
  if (status === 429 || status >= 500) {
    return { outcome: 'retry', status, reason, retryAfterMs: retryAfterMs(headers['retry-after'], now) };
  }
  if (status === 404 && says('UNREGISTERED')) return { outcome: 'gone', status, reason, since: null };
  if (status === 403 && says('SENDER_ID_MISMATCH')) return { outcome: 'bad-token', status, reason };
  const configuration = [401, 403, 404].includes(status) || stated === null;
  return { outcome: 'rejected', status, reason, configuration };
}

/** Refused before it was sent. */
export function refused(reason: string, configuration: boolean): PushRefused {
  return { outcome: 'rejected', status: null, reason, configuration };
}

/** Never written, because nobody wanted it any more, or unanswered. */
export function failed(failure: string): PushResult {
  return failure === 'Unwanted' ? { outcome: 'withdrawn' } : unanswered(failure);
}

/** No answer came. Only a request that cannot be written at all (a line break in a header) is no better the next time. */
export function unanswered(failure: string): PushAnswer {
  if (failure === 'InvalidRequest') return refused(failure, false);
  return { outcome: 'retry', status: null, reason: failure, retryAfterMs: null };
}

const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1000;
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Retry-After in ms from `now`: seconds or an HTTP date (RFC 9110, 10.2.3), at most a day. Null for anything else.
 * Date.parse alone would read '-1' and 'soon 3' as dates.
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | null {
  const value = first(header)?.trim() ?? '';
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_PAUSE_MS);
  const date = httpDate.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? null : Math.min(Math.max(date - now, 0), LONGEST_PAUSE_MS);
}

function fcmErrorCode(error: Record<string, unknown>): string | null {
  const details: unknown[] = Array.isArray(error.details) ? error.details : [];
  const codes = details.map((detail) => word(object(detail).errorCode));
  return codes.find((code) => code !== null) ?? null;
}

/** Reasons end in records, metrics and logs: one short word passes, prose or anything as long as a token does not. */
function word(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z_]{1,40}$/.test(value) ? value : null;
}

/** The object in a body; an empty one for HTML, half an answer or anything else. */
export function jsonObject(body: string): Record<string, unknown> {
  try {
    return object(JSON.parse(body));
  } catch {
    return {};
  }
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function first(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null;
}
