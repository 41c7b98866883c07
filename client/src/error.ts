import type { Code, FieldFault } from './wire.js';

/** What this side says when the gateway could not. */
export type ClientCode =
  /** No answer before the deadline. The command may have been carried out all the same. */
  | 'TIMEOUT'
  /** The network did not let us through. */
  | 'UNREACHABLE'
  /** `close()` was called, or the session has ended for good. */
  | 'CLOSED'
  /** Another connection of this device took over. */
  | 'REPLACED'
  /** The app's token function gave no token. */
  | 'NO_TOKEN'
  /** The call was cancelled before the gateway knew of it. */
  | 'CANCELLED';

/** Refusals that another token may change. */
export const ABOUT_THE_TOKEN: readonly string[] = ['TOKEN_EXPIRED', 'UNAUTHENTICATED'];

export interface ErrorMore {
  retryable?: boolean;
  details?: FieldFault[];
  retryAfterMs?: number;
  cause?: unknown;
}

/** Every error of the SDK. `code` is stable; `message` is a sentence for people who build the app. */
export class RingwayError extends Error {
  override readonly name = 'RingwayError';
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Which fields are wrong, when the code is `INVALID`. */
  readonly details?: FieldFault[];
  /** How long to wait, when the gateway said so. */
  readonly retryAfterMs?: number;

  constructor(
    readonly code: Code | ClientCode,
    message: string,
    { retryable = false, details, retryAfterMs, cause }: ErrorMore = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.retryable = retryable;
    if (details) this.details = details;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }

  /** @param refusal an answer's `error`, a handshake's `data` or a problem document, all of which have a code */
  static of(refusal: unknown, otherwise: Code | ClientCode): RingwayError {
    const { code, message, detail, ...more } = Object(refusal) as ErrorMore & {
      code?: Code;
      message?: string;
      detail?: string;
    };
    return new RingwayError(code ?? otherwise, message ?? detail ?? 'The gateway did not say why.', {
      ...more,
      retryable: more.retryable ?? (!code && otherwise === 'UNREACHABLE'),
    });
  }
}
