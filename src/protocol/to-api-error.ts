import { z } from 'zod';
import { CallRefused } from '../calls/domain/refusal.js';
import { isOutage } from '../database/transient-error.js';
import { Failure } from '../errors/api-error.js';
import { StoreUnavailable } from '../event-store/event.js';

/** What a client is told about any error; `bug` when it is ours and must be logged. */
export function failureOf(error: unknown): { failure: Failure; bug: boolean } {
  if (error instanceof Failure) return { failure: error, bug: false };
  if (error instanceof CallRefused) return { failure: new Failure(error.code, error.message), bug: false };
  if (error instanceof z.ZodError) {
    const details = error.issues
      .slice(0, 20)
      .map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
    return { failure: Failure.invalid(...details), bug: false };
  }
  if (error instanceof StoreUnavailable || isOutage(error)) {
    return { failure: new Failure('UNAVAILABLE', 'The database does not answer; try again.'), bug: false };
  }
  return {
    failure: new Failure('INTERNAL', 'Something went wrong on our side; it has been logged.'),
    bug: true,
  };
}
