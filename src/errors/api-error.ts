/** Every code a client may be answered, with its HTTP status and whether the same request may succeed later. */
export const CODES = {
  UNAUTHENTICATED: { status: 401, title: 'Authentication required', retryable: false },
  TOKEN_EXPIRED: { status: 401, title: 'Token expired', retryable: false },
  CALL_NOT_FOUND: { status: 404, title: 'Call not found', retryable: false },
  CALL_ALREADY_ENDED: { status: 409, title: 'Call already ended', retryable: false },
  ANSWERED_ELSEWHERE: { status: 409, title: 'Answered on another device', retryable: false },
  ALREADY_ANSWERED: { status: 409, title: 'Already answered', retryable: false },
  NOT_ANSWERED: { status: 409, title: 'Not answered', retryable: false },
  NOT_FOUND: { status: 404, title: 'Not found', retryable: false },
  NOT_ALLOWED: { status: 403, title: 'Not allowed', retryable: false },
  CALL_ID_CONFLICT: { status: 409, title: 'Call id conflict', retryable: false },
  SELF_CALL: { status: 422, title: 'Call to oneself', retryable: false },
  INVALID: { status: 422, title: 'Invalid request', retryable: false },
  TOO_LARGE: { status: 413, title: 'Too large', retryable: false },
  RATE_LIMITED: { status: 429, title: 'Too many requests', retryable: true },
  UNKNOWN_EVENT: { status: 404, title: 'Unknown event', retryable: false },
  DEVICE_ID_INVALID: { status: 422, title: 'Invalid device id', retryable: false },
  TOO_MANY_CONNECTIONS: { status: 429, title: 'Too many connections', retryable: true },
  UNAVAILABLE: { status: 503, title: 'Temporarily unavailable', retryable: true },
  INTERNAL: { status: 500, title: 'Internal error', retryable: true },
} as const;

export type Code = keyof typeof CODES;

export interface FieldFault {
  /** Where in the payload, with dots; empty for the payload itself. */
  path: string;
  message: string;
}

/** A refusal as the client is told it. Never holds what the client sent. */
export class ApiError extends Error {
  constructor(
    readonly code: Code,
    message: string,
    readonly more: { details?: FieldFault[]; retryAfterMs?: number } = {},
  ) {
    super(message);
  }

  static invalid(...details: FieldFault[]): ApiError {
    const { path, message } = details[0] ?? { path: '', message: 'is invalid' };
    return new ApiError('INVALID', `${path || 'the payload'} ${message}`, { details });
  }
}
