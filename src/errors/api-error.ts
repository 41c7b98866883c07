/** Every code a client may be answered, with its HTTP status and whether the same request may succeed later. */
export const CODES = {
  UNAUTHENTICATED: { status: 401, title: 'Who is speaking is not known', retryable: false },
  TOKEN_EXPIRED: { status: 401, title: 'The token has expired', retryable: false },
  CALL_NOT_FOUND: { status: 404, title: 'No such call', retryable: false },
  CALL_ALREADY_ENDED: { status: 409, title: 'The call is over', retryable: false },
  ANSWERED_ELSEWHERE: { status: 409, title: 'Answered on another device', retryable: false },
  ALREADY_ANSWERED: { status: 409, title: 'Already answered', retryable: false },
  NOT_ANSWERED: { status: 409, title: 'Not answered yet', retryable: false },
  NOT_FOUND: { status: 404, title: 'Nothing is here', retryable: false },
  NOT_ALLOWED: { status: 403, title: 'Not allowed', retryable: false },
  CALL_ID_CONFLICT: { status: 409, title: 'The call id is taken', retryable: false },
  SELF_CALL: { status: 422, title: 'Calling oneself', retryable: false },
  INVALID: { status: 422, title: 'Invalid request', retryable: false },
  TOO_LARGE: { status: 413, title: 'Too large', retryable: false },
  RATE_LIMITED: { status: 429, title: 'Too many requests', retryable: true },
  UNKNOWN_EVENT: { status: 404, title: 'Unknown event', retryable: false },
  DEVICE_ID_INVALID: { status: 422, title: 'Invalid device id', retryable: false },
  TOO_MANY_CONNECTIONS: { status: 429, title: 'Too many connections', retryable: true },
  UNAVAILABLE: { status: 503, title: 'Not available now', retryable: true },
  INTERNAL: { status: 500, title: 'Internal error', retryable: true },
} as const;

export type Code = keyof typeof CODES;

export interface FieldFault {
  /** Where in the payload, with dots; empty for the payload itself. */
  path: string;
  message: string;
}

/** A refusal as the client is told it. Never holds what the client sent. */
export class Failure extends Error {
  constructor(
    readonly code: Code,
    message: string,
    readonly more: { details?: FieldFault[]; retryAfterMs?: number } = {},
  ) {
    super(message);
  }

  static invalid(...details: FieldFault[]): Failure {
    const { path, message } = details[0] ?? { path: '', message: 'is invalid' };
    return new Failure('INVALID', `${path || 'the payload'} ${message}`, { details });
  }
}
