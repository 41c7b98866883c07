/** An event as somebody decided it. */
export interface NewEvent {
  type: string;
  data: object;
}

/** Who caused an event; null for the gateway itself (a timer). */
export interface EventActor {
  userId: string;
  deviceId: string | null;
}

/** An event as it was recorded. `position` gives the global order, `version` is gapless from 1 in its stream. */
export type StoredEvent<E extends NewEvent = NewEvent> = E & {
  streamId: string;
  version: number;
  position: string;
  /** Milliseconds since the epoch by PostgreSQL's clock. */
  at: number;
  actor: EventActor | null;
  commandId: string;
};

export const ANYBODY = '*';

/**
 * A key that must be free, or held under the same `owner`, for an append to succeed.
 * Held from this append until one releases it, or for `ttlMs`; with `kept: false` it is only looked at.
 */
export interface Claim {
  key: string;
  /** Streams with the same owner share a key; null shares with nobody; {@link ANYBODY} gets in whoever holds it. */
  owner: string | null;
  kept: boolean;
  ttlMs?: number;
}

/** Something that must happen because of an append: due `dueInMs` after it, and leased to the appending node. */
export interface NewJob {
  key: string;
  kind: string;
  payload: object;
  dueInMs: number;
  /** Nobody else may start it before this many milliseconds have passed; null: free for all when due. */
  leaseMs: number | null;
  /** What the node that decided it knows already. It comes back with the append and is not recorded. */
  hint?: unknown;
}

/** A job as it was committed with an append of this node. */
export interface RecordedJob extends NewJob {
  /** A moment before its lease began, on the clock of `performance`. */
  grantedAt: number;
}

/** What a decide function comes to: what happened, what must follow from it, and what need not follow any more. */
export interface Decision<E extends NewEvent = NewEvent> {
  events: readonly E[];
  jobs?: readonly NewJob[];
  cancelJobs?: readonly string[];
}

export interface Append<E extends NewEvent = NewEvent> extends Decision<E> {
  streamId: string;
  /** The version the decision was made on; 0 for a new stream. There is no "any". */
  expectedVersion: number;
  actor: EventActor | null;
  /** Makes the append idempotent: the same command on the same stream is recorded once. */
  commandId: string;
  claims?: readonly Claim[];
  release?: readonly string[];
}

/** What an append obliges us to do besides; a pure function of its events, committed with them. */
export type Obligations = (append: Append) => Omit<Decision, 'events'>;

export type AppendResult =
  | { status: 'appended'; at: number; jobs: readonly RecordedJob[] }
  /** Somebody else was faster: read again and decide again. */
  | { status: 'conflict' }
  /** This very command is already in the stream. */
  | { status: 'duplicate' }
  /** A claim is held by another stream. */
  | { status: 'held'; key: string; by: string };

/** PostgreSQL does not answer, or not in time. Whether the append happened is unknown; the same command may be sent again. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('the event store does not answer', { cause });
  }
}
