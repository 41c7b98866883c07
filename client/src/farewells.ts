import type { Connection } from './connection.js';
import { RingwayError } from './error.js';
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
const RETRY: Growth = { firstMs: 400, mostMs: 4_000 };

/**
 * Gets this device out of its calls, whatever the network does: what cannot be said now is said as soon as there is a
 * connection, before anything else about that call. All of it may be repeated without harm.
 */
export class Farewells {
  private readonly pending = new Set<Farewell>();

  constructor(private readonly connection: Connection) {}

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
      for (let wish = farewell, attempt = 0; ; attempt++) {
        if (!this.connection.connected) {
          late();
          await new Promise<void>((resolve) => this.connection.once('connected', resolve));
        }
        if (!this.pending.has(farewell)) throw new RingwayError('CLOSED', 'It is another user now.');
        try {
          return (await this.connection.ask(wish.event, wish.payload)).call;
        } catch (error) {
          const failure = error as RingwayError;
          const instead = isLate ? insteadOf(failure, wish) : null;
          if (!instead && !failure.retryable) throw failure;
          wish = instead ?? wish;
          if (failure.code === 'UNREACHABLE') continue; // the next connection is the pause
          if (!instead) await pause(Math.max(failure.retryAfterMs ?? 0, backoff(attempt, RETRY)));
        }
      }
    } finally {
      clearTimeout(timer);
      this.pending.delete(farewell);
    }
  }

  /** Another user's from now on. */
  clear(): void {
    this.pending.clear();
  }
}

/** What gets us out of a call that is in another state than the app knew when it lost the network. */
function insteadOf({ code }: RingwayError, { payload, direction }: Farewell): Farewell | null {
  const event =
    code === 'ALREADY_ANSWERED' ? 'call:end' : code === 'NOT_ANSWERED' ? BEFORE_ANSWER[direction] : null;
  return event && { event, payload: { callId: payload.callId }, direction };
}

const BEFORE_ANSWER = { outgoing: 'call:cancel', incoming: 'call:decline' } as const;
