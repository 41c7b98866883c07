import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../time/clock.js';
import { FairTurns } from '../../concurrency/fair-turns.js';
import { CONFIG, type Config } from '../../config/config.js';
import { inTime, tooLate } from '../../time/deadline.js';
import { type Code, CODES, Failure, type FieldFault } from '../../errors/api-error.js';
import { failureOf } from '../../protocol/to-api-error.js';
import { Log } from '../../log/log.js';
import { Quotas, tooMuchWaits } from '../../limits/quotas.js';
import { TokenBucket } from '../../limits/rate-limit.js';
import { findFlaw } from '../../protocol/json-guard.js';
import type { Received } from '../../protocol/packets.js';
import { SocketCommands } from './socket-commands.js';
import type { Session } from '../session/sessions.js';
import { type ClientEvent, PAYLOADS, type PayloadOf, isClientEvent } from '../../protocol/commands.js';

export type Answer = { ok: true; [field: string]: unknown } | { ok: false; error: AnsweredError };

export interface AnsweredError {
  code: Code;
  message: string;
  retryable: boolean;
  details?: FieldFault[];
  retryAfterMs?: number;
}

interface Command {
  event: ClientEvent;
  payload: PayloadOf<ClientEvent>;
}

/** Larger than any usual offer. A frame of 65,536 bytes may take 3 ms to parse and check. */
const LIGHT_BYTES = 16_384;
/** How much more than its steady rate a socket may say at once. */
const BURST = 4;

/**
 * One message from a socket: checked, limited, carried out, and answered exactly once. Messages about the same call take
 * effect in the order the socket sent them.
 */
@Injectable()
export class Dispatcher {
  constructor(
    private readonly commands: SocketCommands,
    private readonly turns: FairTurns,
    private readonly quotas: Quotas,
    private readonly log: Log,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @param ack when the app wants an answer */
  receive(session: Session, received: Received, ack: (answer: Answer) => void = () => undefined): void {
    const { userId } = session;
    const { bytes } = received;
    try {
      this.limit(session);
      this.quotas.takeBytesOfUser(userId, bytes);
      const release = this.quotas.hold(userId, bytes);
      session.inHand++;
      const done = (answer: Answer): void => {
        session.inHand--;
        release();
        ack(answer);
      };
      const light = bytes <= LIGHT_BYTES;
      const begun = this.turns.run(userId, () => this.carryOut(session, received, done), { light });
      if (!begun) done({ ok: false, error: this.refusal(session, 'unknown', tooMuchWaits()) });
    } catch (error) {
      ack({ ok: false, error: this.refusal(session, 'unknown', error) });
    }
  }

  /** Keeps only what counts of what was received: whatever else it brought is garbage while the command waits. */
  private carryOut(session: Session, received: Received, done: (answer: Answer) => void): void {
    let command: Command;
    try {
      command = this.understand(session, received);
    } catch (error) {
      return done({ ok: false, error: this.refusal(session, 'unknown', error) });
    }
    void this.answer(session, command).then(done);
  }

  private understand(session: Session, received: Received): Command {
    if (this.clock.now() >= session.expiresAt) throw new Failure('TOKEN_EXPIRED', 'The token has expired.');
    const parsed = received.parse();
    if (!parsed) throw Failure.invalid({ path: '', message: 'must be JSON, not binary' });
    const { event, args } = parsed;
    if (typeof event !== 'string' || !isClientEvent(event))
      throw new Failure('UNKNOWN_EVENT', 'There is no such event.');
    if (args.length > 1) throw Failure.invalid({ path: '', message: 'must be one object' });
    const flaw = findFlaw(args[0], { relayed: event === 'call:signal' });
    if (flaw) throw Failure.invalid(flaw);
    return { event, payload: PAYLOADS[event].parse(args[0] ?? (event === 'sync' ? {} : args[0])) };
  }

  private async answer(session: Session, { event, payload }: Command): Promise<Answer> {
    try {
      const run = (): Promise<object> => this.commands.run(session, event, payload);
      return { ok: true, ...(await this.inTurn(session, payload, run)) };
    } catch (error) {
      return { ok: false, error: this.refusal(session, event, error) };
    }
  }

  private limit(session: Session): void {
    const now = performance.now();
    const perSecond = this.config.eventsPerSecond;
    session.bucket ??= new TokenBucket(perSecond, perSecond * BURST, now);
    const retryAfterMs = session.bucket.take(now);
    if (retryAfterMs === 0) return this.quotas.takeOfUser(session.userId);
    throw new Failure('RATE_LIMITED', `More than ${perSecond} events per second.`, { retryAfterMs });
  }

  /** Waiting for one's turn counts: whoever was answered meanwhile that it took too long is not carried out any more. */
  private async inTurn<R>(session: Session, payload: object | undefined, run: () => Promise<R>): Promise<R> {
    if (!payload || !('callId' in payload)) return inTime(run());
    const callId = payload.callId as string;
    const turns = (session.turns ??= new Map<string, Promise<unknown>>());
    const before = turns.get(callId);
    let answered = false;
    const runUnlessAnswered = (): Promise<R> => (answered ? Promise.reject(tooLate()) : run());
    const turn: Promise<R> = before ? before.then(runUnlessAnswered, runUnlessAnswered) : run();
    turns.set(callId, turn);
    const done = (): void => {
      if (turns.get(callId) === turn) turns.delete(callId);
    };
    turn.then(done, done);
    try {
      return await inTime(turn);
    } finally {
      answered = true;
    }
  }

  private refusal(
    { userId, deviceId }: Session,
    event: ClientEvent | 'unknown',
    error: unknown,
  ): AnsweredError {
    const { failure, bug } = failureOf(error);
    if (bug) this.log.error('a command failed', { event, userId, deviceId, error });
    const { code, message, more } = failure;
    return { code, message, retryable: CODES[code].retryable, ...more };
  }
}
