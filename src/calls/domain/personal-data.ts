import type { CallEvent } from './call.js';

/**
 * What of a call's events is personal, by path, and what stands there once the user who caused the event is erased.
 * Ids are not: they belong to the app, and hold the history of others together.
 */
export const PERSONAL_FIELDS = {
  CallInitiated: { 'caller.name': null, metadata: {} },
  CallRinging: { name: null },
  CallAnswered: { name: null },
  CallDeclined: { name: null },
} satisfies Partial<Record<CallEvent['type'], Record<string, unknown>>>;
