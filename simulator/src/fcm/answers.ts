import type { Answer } from '../transport/exchange.js';
import type { FieldViolation } from './proto-json.js';

/** Error bodies in FCM's own words. Source: firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode, and what FCM sends. */
export interface FcmRefusal {
  /** FcmError's errorCode when there is one, else the status word. */
  reason: string;
  answer: Answer;
}

type Status =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND'
  | 'RESOURCE_EXHAUSTED'
  | 'INTERNAL'
  | 'UNAVAILABLE';

const codes: Record<Status, number> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
};

const fcmErrors: Record<string, { status: Status; message: string }> = {
  INVALID_ARGUMENT: { status: 'INVALID_ARGUMENT', message: 'Request contains an invalid argument.' },
  THIRD_PARTY_AUTH_ERROR: {
    status: 'UNAUTHENTICATED',
    message: 'Auth error from APNS or Web Push Service',
  },
  SENDER_ID_MISMATCH: { status: 'PERMISSION_DENIED', message: 'SenderId mismatch' },
  UNREGISTERED: { status: 'NOT_FOUND', message: 'Requested entity was not found.' },
  QUOTA_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    message: 'Resource has been exhausted (e.g. check quota).',
  },
  INTERNAL: { status: 'INTERNAL', message: 'Internal error encountered.' },
  UNAVAILABLE: { status: 'UNAVAILABLE', message: 'The service is currently unavailable.' },
};

const fcmErrorType = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const badRequestType = 'type.googleapis.com/google.rpc.BadRequest';

/** An error with FcmError in its details: the only kind that says something about a token. */
export function fcmError(
  errorCode: string,
  more: { violations?: FieldViolation[]; message?: string } = {},
): FcmRefusal {
  const { status, message } = fcmErrors[errorCode] ?? { status: 'INTERNAL' as const, message: errorCode };
  const details: object[] = [{ '@type': fcmErrorType, errorCode }];
  if (more.violations !== undefined)
    details.push({ '@type': badRequestType, fieldViolations: more.violations });
  return { reason: errorCode, answer: json(status, more.message ?? message, details) };
}

/** An error without details, which says nothing about the token. */
export function bareError(status: Status, message: string): FcmRefusal {
  return { reason: status, answer: json(status, message) };
}

/** What the API front end says to a body it cannot read. */
export function badRequest(violations: FieldViolation[]): FcmRefusal {
  const text = violations.map(({ description }) => description).join('\n');
  return {
    reason: 'INVALID_ARGUMENT',
    answer: json('INVALID_ARGUMENT', text, [{ '@type': badRequestType, fieldViolations: violations }]),
  };
}

export const unauthenticated = (form: 'json' | 'html'): FcmRefusal => ({
  reason: 'UNAUTHENTICATED',
  answer:
    form === 'html'
      ? htmlError(401, "That's an error.")
      : json(
          'UNAUTHENTICATED',
          'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid ' +
            'authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
        ),
});

/** On demand: an FcmError where one goes with this status, and Google's HTML where a front end answers instead of FCM. */
export function answerOnDemand(status: number, errorCode: string | undefined): Answer {
  if (errorCode !== undefined) {
    const { answer } = fcmError(errorCode);
    return { ...answer, status };
  }
  const word = (Object.keys(codes) as Status[]).find((name) => codes[name] === status);
  if (word === undefined) return htmlError(status, 'The server encountered a temporary error.');
  const known = fcmErrors[word];
  return known !== undefined && status >= 500 ? fcmError(word).answer : json(word, known?.message ?? word);
}

export function htmlError(status: number, text: string): Answer {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=UTF-8' },
    body: `<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error ${status}</title>\n  <p><b>${status}.</b> <ins>${text}</ins>\n`,
    emptyLastFrame: true,
  };
}

export function ok(body: object): Answer {
  return {
    status: 200,
    headers: jsonHeaders,
    body: `${JSON.stringify(body, null, 2)}\n`,
    emptyLastFrame: true,
  };
}

const jsonHeaders = { 'content-type': 'application/json; charset=UTF-8' };

function json(status: Status, message: string, details?: object[]): Answer {
  const error = { code: codes[status], message, status, details };
  return { ...ok({ error }), status: codes[status] };
}
