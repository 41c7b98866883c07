import type { Connection } from './connection.js';
import { ABOUT_THE_TOKEN, RingwayError } from './error.js';
import type { RingwayHttp } from './http.js';
import { type Growth, backoff, pause } from './patience.js';
import type { CallView, Direction, Payloads } from './wire.js';

export type FarewellEvent = 'call:cancel' | 'call:decline' | 'call:end';

/** The wish to be out of a call. */
export interface Farewell<E extends FarewellEvent = FarewellEvent> {
  event: E;
  payload: Payloads[E];
  direction: Direction;
  /** The gateway does not answer for now. The call is over for the app, and the wish is kept. Absent: it is over already. */
  late?: () => void;
}

/** Nobody waits longer for a call to be over. */
const PATIENCE_MS = 2_000;
/** So long may a socket outlive its client for what is on its way to be answered. */
const PARTING_MS = 3_000;
const RETRY: Growth = { firstMs: 400, mostMs: 4_000 };

/**
 * Gets this device out of its calls, whatever the network does: what cannot be said now is said as soon as there is a
 * connection, before anything else about that call, and over HTTP when the client is closed or replaced. All of it may be
 * repeated without harm.
 */
export class Farewells {
  private readonly pending = new Set<Farewell>();
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
  async say(farewell: Farewell): Promise<CallView | null> {
    let isLate = !farewell.late;
    const late = (): void => {
      if (!isLate) farewell.late?.();
      isLate = true;
    };
    const timer = setTimeout(late, PATIENCE_MS);
    this.pending.add(farewell);
    try {
      let wish: Farewell = farewell;
      for (let attempt = 0, triedHttp = false; ; attempt++) {
        const bySocket = this.connection.connected;
        const byHttp: boolean = !bySocket && this.lastToken !== null && !triedHttp;
        if (!bySocket) late();
        if (!bySocket && !byHttp) await new Promise<void>((go) => this.waiting.push(go));
        else {
          triedHttp = byHttp;
          try {
            if (byHttp) return await this.http.leave(wish, this.deviceId, this.lastToken!);
            return (await this.connection.ask(wish.event, wish.payload)).call;
          } catch (error) {
            const failure = error as RingwayError;
            const instead: Farewell | null = isLate ? insteadOf(failure, wish) : null;
            const otherToken = byHttp && ABOUT_THE_TOKEN.includes(failure.code);
            if (!instead && !failure.retryable && !otherToken) throw failure;
            wish = instead ?? wish;
            if (instead) triedHttp = false;
            // A lost connection needs no pause: the next one is it.
            else if (bySocket && failure.code !== 'UNREACHABLE') {
              await pause(Math.max(failure.retryAfterMs ?? 0, backoff(attempt, RETRY)));
            }
          }
        }
        if (!this.pending.has(farewell)) throw new RingwayError('CLOSED', 'It is another user now.');
      }
    } finally {
      clearTimeout(timer);
      this.pending.delete(farewell);
      if (this.pending.size === 0) this.onEmpty();
    }
  }

  /** The session is over and does not come back by itself: what has no socket goes over HTTP. */
  part(token: string | null): void {
    this.lastToken = token ?? this.lastToken;
    this.wake();
  }

  /** @returns when the socket is not needed any more; null for: now */
  settled(): Promise<void> | null {
    if (this.pending.size === 0 || !this.connection.connected) return null;
    const empty = new AbortController();
    this.onEmpty = () => empty.abort();
    return pause(PARTING_MS, empty.signal);
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
function insteadOf({ code }: RingwayError, { payload, direction }: Farewell): Farewell | null {
  const event =
    code === 'ALREADY_ANSWERED' ? 'call:end' : code === 'NOT_ANSWERED' ? BEFORE_ANSWER[direction] : null;
  return event && { event, payload: { callId: payload.callId }, direction };
}

const BEFORE_ANSWER = { outgoing: 'call:cancel', incoming: 'call:decline' } as const;
