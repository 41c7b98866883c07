import type { Connection } from './connection.js';
import { RingwayError } from './error.js';
import { Deadline, type BackoffRange, backoff, pause } from './retry.js';
import type { Answers, Command, Payloads } from './wire.js';

const RETRY: BackoffRange = { firstMs: 400, mostMs: 4_000 };

export interface CommandOptions {
  deadlineMs?: number;
  /** Aborted, the command is not sent (again); one that is on its way is waited for. */
  signal?: AbortSignal;
  /** It is on its way for the first time, or again: from now on the gateway may have carried it out. */
  onSay?: () => void;
}

/** Commands that get through: said again, with the same ids, until they are answered or the deadline is over. */
export class Commands {
  constructor(
    private readonly connection: Connection,
    private readonly deadlineMs: number,
  ) {}

  /** @throws RingwayError: the refusal, or `TIMEOUT`, after which nobody knows whether it was carried out */
  async say<C extends Command>(
    event: C,
    payload: Payloads[C],
    { deadlineMs = this.deadlineMs, signal, onSay }: CommandOptions = {},
  ): Promise<Answers[C]> {
    const deadline = new Deadline(deadlineMs);
    let failure: RingwayError | null = null;
    for (let attempt = 0; ; attempt++) {
      await this.connection.waitUntilConnected(deadline, signal);
      if (signal?.aborted) throw new RingwayError('CANCELLED', `${event} was not needed any more.`);
      if (deadline.leftMs === 0) throw deadline.error(event, failure ?? this.connection.error);
      if (!this.connection.connected) continue; // lost again in this very moment
      onSay?.();
      try {
        return await this.connection.ask(event, payload, deadline.leftMs);
      } catch (error) {
        failure = error as RingwayError;
      }
      if (!failure.retryable) throw failure;
      if (failure.code === 'UNREACHABLE') continue; // the next connection is the pause
      const wait = Math.max(failure.retryAfterMs ?? 0, backoff(attempt, RETRY));
      if (failure.retryAfterMs !== undefined && failure.retryAfterMs > deadline.leftMs) throw failure;
      await pause(Math.min(wait, deadline.leftMs), signal);
    }
  }
}
