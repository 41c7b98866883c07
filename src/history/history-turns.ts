import { Injectable } from '@nestjs/common';
import { KeyedQueue } from '../concurrency/keyed-queue.js';
import { ANSWERED_IN_TIME } from '../time/deadline.js';

/** What one user asks of the history is answered one after the other: whoever asks for much waits for themselves. */
@Injectable()
export class HistoryTurns {
  private readonly queue = new KeyedQueue();

  /** @throws Failure `UNAVAILABLE` when earlier questions of the user take too long; then nothing was read */
  run<R>(userId: string, read: () => Promise<R>): Promise<R> {
    return this.queue.run(userId, read, ANSWERED_IN_TIME);
  }
}
