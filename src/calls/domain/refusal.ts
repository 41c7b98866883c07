/** The reasons a call says no. Stable, documented, shown to clients (contract, section 5). */
export type RefusalCode =
  | 'CALL_NOT_FOUND'
  | 'CALL_ALREADY_ENDED'
  | 'ANSWERED_ELSEWHERE'
  | 'ALREADY_ANSWERED'
  | 'NOT_ANSWERED'
  | 'NOT_ALLOWED'
  | 'CALL_ID_CONFLICT'
  | 'SELF_CALL';

const sentences: Record<RefusalCode, string> = {
  CALL_NOT_FOUND: 'There is no such call.',
  CALL_ALREADY_ENDED: 'The call is over.',
  ANSWERED_ELSEWHERE: 'Another device of the callee answered the call.',
  ALREADY_ANSWERED: 'The call has been answered; end it instead.',
  NOT_ANSWERED: 'The call has not been answered yet.',
  NOT_ALLOWED: 'Only the other side of the call may do that.',
  CALL_ID_CONFLICT: 'This call id is taken by another call; make a new one.',
  SELF_CALL: 'Nobody can call themselves.',
};

/** The rules say no. Never logged as an error: it is an answer. */
export class CallRefused extends Error {
  constructor(
    readonly code: RefusalCode,
    sentence = sentences[code],
  ) {
    super(sentence);
  }
}
