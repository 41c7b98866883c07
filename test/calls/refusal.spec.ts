import { CallRefused, type RefusalCode } from '../../src/calls/domain/refusal.js';
import { CODES } from '../../src/errors/api-error.js';
import { failureOf } from '../../src/protocol/to-api-error.js';

/** Contract, section 5. */
const statuses: Record<RefusalCode, number> = {
  CALL_NOT_FOUND: 404,
  CALL_ALREADY_ENDED: 409,
  ANSWERED_ELSEWHERE: 409,
  ALREADY_ANSWERED: 409,
  NOT_ANSWERED: 409,
  NOT_ALLOWED: 403,
  CALL_ID_CONFLICT: 409,
  SELF_CALL: 422,
};

describe('a refusal', () => {
  it.each(Object.entries(statuses))(
    '%s is an answer with status %i and a sentence, and never worth a retry',
    (code, status) => {
      const { failure, bug } = failureOf(new CallRefused(code as RefusalCode));
      expect(bug).toBe(false);
      expect(failure.code).toBe(code);
      expect(failure.message).toMatch(/^[A-Z].+\.$/);
      expect(CODES[failure.code]).toMatchObject({ status, retryable: false });
    },
  );
});
