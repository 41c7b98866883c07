import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CODES, Failure } from '../errors/api-error.js';
import { failureOf } from '../protocol/to-api-error.js';
import { Log } from '../log/log.js';

/** Every error as RFC 9457 `application/problem+json`, with our code; never what the client sent, never a stack. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const request = host.switchToHttp().getRequest<Request>();
    const { failure, bug } = failureOf(ofFramework(error));
    if (bug) this.log.error('a request failed', { method: request.method, route: routeOf(request), error });
    if (response.headersSent) return;
    const { status, title } = CODES[failure.code];
    const { retryAfterMs, details } = failure.more;
    if (retryAfterMs !== undefined) response.setHeader('Retry-After', Math.ceil(retryAfterMs / 1_000));
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    response
      .status(status)
      .type('application/problem+json')
      .send(
        JSON.stringify({
          type: `urn:ringway:problem:${failure.code}`,
          ...{
            title,
            status,
            detail: failure.message,
            code: failure.code,
            retryable: CODES[failure.code].retryable,
          },
          ...(details ? { details } : {}),
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        }),
      );
  }
}

/** What Nest, Express and the body parser throw, in our words. */
function ofFramework(error: unknown): unknown {
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { status?: unknown } | null)?.status;
  if (error instanceof Failure || typeof status !== 'number' || status >= 500) return error;
  if (status === 404) return new Failure('NOT_FOUND', 'There is nothing under this path.');
  if (status === 413) return new Failure('TOO_LARGE', 'The body is too large.');
  // Express's words, which Nest passes on.
  if (/^Failed to decode param/.test((error as Error).message))
    return Failure.invalid({ path: 'url', message: 'has broken percent-encoding' });
  return Failure.invalid({ path: '', message: 'is not readable: a JSON object is expected' });
}

/** The route's pattern, so that no id lands in a log. */
const routeOf = (request: Request): string =>
  (request as { route?: { path?: string } }).route?.path ?? 'unknown';
