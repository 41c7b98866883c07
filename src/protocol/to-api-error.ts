import { z } from 'zod';
import { CallRefused } from '../calls/domain/refusal.js';
import { isTransient } from '../database/transient-error.js';
import { ApiError } from '../errors/api-error.js';
import { StoreUnavailable } from '../event-store/event.js';

/** What a client is told about any error; `bug` when it is ours and must be logged. */
export function toApiError(error: unknown): { failure: ApiError; bug: boolean } {
  if (error instanceof ApiError) return { failure: error, bug: false };
  if (error instanceof CallRefused) return { failure: new ApiError(error.code, error.message), bug: false };
  if (error instanceof z.ZodError) {
    const details = error.issues
      .slice(0, 20)
      .map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
    return { failure: ApiError.invalid(...details), bug: false };
  }
  if (error instanceof StoreUnavailable || isTransient(error)) {
    return { failure: new ApiError('UNAVAILABLE', 'The database does not answer; try again.'), bug: false };
  }
  return {
    failure: new ApiError('INTERNAL', 'Something went wrong on our side; it has been logged.'),
    bug: true,
  };
}
