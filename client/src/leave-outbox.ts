import type { Connection } from './connection.js';
import { ABOUT_THE_TOKEN, RingwayError } from './error.js';
import type { RingwayHttp } from './http.js';
import { type BackoffRange, backoff, pause } from './retry.js';
import type { CallView, Direction, Payloads } from './wire.js';

export type LeaveEvent = 'call:cancel' | 'call:decline' | 'call:end';

/** A command that gets this device out of a call. */
export interface LeaveRequest<E extends LeaveEvent = LeaveEvent> {
  event: E;
  payload: Payloads[E];
  direction: Direction;
  /**
   * Called when the gateway does not answer for now: the call is over for the app, and the request is kept. Absent when the
   * call is over for the app already.
   */
  late?: () => void;
}

/** How long an app waits for the gateway's answer before the call is over for it all the same. */
const LATE_AFTER_MS = 2_000;
/** How long a socket may outlive its client, so that requests on their way are answered. */
const LINGER_MS = 3_000;
const RETRY: BackoffRange = { firstMs: 400, mostMs: 4_000 };

/**
 * Keeps requests to leave a call until the gateway has answered them, whatever the network does: a request that cannot be
 * sent now is sent as soon as there is a connection, before any other command about that call, and over HTTP when the client
 * is closed or replaced. All requests are idempotent.
 */
export class LeaveOutbox {
  private readonly pending = new Set<LeaveRequest>();
  private waiting: (() => void)[] = [];
  private onEmpty: () => void = () => undefined;
  /** The token of a session that is over and does not come back by itself. */
  private lastToken: string | null = null;

  constructor(
    private readonly connection: Connection,
    private readonly http: RingwayHttp,
    private readonly deviceId: string,
  ) {
    connection.on('connected', () => {
      this.lastToken = null;
      this.wake();
    });
  }

  /**
   * Never gives up. Calls `late` at once when there is no connection, and soon when there is no answer. Before that a
   * refusal rejects. After it nobody is there to decide what it means: a call that was answered meanwhile is ended.
   * @returns the call as the gateway has it now; null when it never knew of it
   */
  async leave(request: LeaveRequest): Promise<CallView | null> {
    let isLate = !request.late;
    const late = (): void => {
      if (!isLate) request.late?.();
      isLate = true;
    };
    const timer = setTimeout(late, LATE_AFTER_MS);
    this.pending.add(request);
    try {
      let current: LeaveRequest = request;
      for (let attempt = 0, triedHttp = false; ; attempt++) {
        const bySocket = this.connection.connected;
        const byHttp: boolean = !bySocket && this.lastToken !== null && !triedHttp;
        if (!bySocket) late();
        if (!bySocket && !byHttp) await new Promise<void>((go) => this.waiting.push(go));
        else {
          triedHttp = byHttp;
          try {
            if (byHttp) return await this.http.leave(current, this.deviceId, this.lastToken!);
            return (await this.connection.ask(current.event, current.payload)).call;
          } catch (error) {
            const failure = error as RingwayError;
            const instead: LeaveRequest | null = isLate ? insteadOf(failure, current) : null;
            const otherToken = byHttp && ABOUT_THE_TOKEN.includes(failure.code);
            if (!instead && !failure.retryable && !otherToken) throw failure;
            current = instead ?? current;
            if (instead) triedHttp = false;
            // A lost connection needs no pause: the next one is it.
            else if (bySocket && failure.code !== 'UNREACHABLE') {
              await pause(Math.max(failure.retryAfterMs ?? 0, backoff(attempt, RETRY)));
            }
          }
        }
        if (!this.pending.has(request)) throw new RingwayError('CLOSED', 'It is another user now.');
      }
    } finally {
      clearTimeout(timer);
      this.pending.delete(request);
      if (this.pending.size === 0) this.onEmpty();
    }
  }

  /** The session is over and does not come back by itself: requests that wait for a socket go over HTTP. */
  flushOverHttp(token: string | null): void {
    this.lastToken = token ?? this.lastToken;
    this.wake();
  }

  /** @returns resolves when no request needs the socket any more; null when none does now */
  drained(): Promise<void> | null {
    if (this.pending.size === 0 || !this.connection.connected) return null;
    const empty = new AbortController();
    this.onEmpty = () => empty.abort();
    return pause(LINGER_MS, empty.signal);
  }

  /** Another user's from now on. */
  clear(): void {
    this.pending.clear();
    this.lastToken = null;
    this.wake();
  }

  private wake(): void {
    for (const go of this.waiting.splice(0)) go();
  }
}

/** What gets us out of a call that is in another state than the app knew when it lost the network. */
function insteadOf({ code }: RingwayError, { payload, direction }: LeaveRequest): LeaveRequest | null {
  const event =
    code === 'ALREADY_ANSWERED' ? 'call:end' : code === 'NOT_ANSWERED' ? BEFORE_ANSWER[direction] : null;
  return event && { event, payload: { callId: payload.callId }, direction };
}

const BEFORE_ANSWER = { outgoing: 'call:cancel', incoming: 'call:decline' } as const;
