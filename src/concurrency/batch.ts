/** Far longer than a crowd takes that comes back at once; whoever asked a command has been answered long before. */
const LONGEST_WAIT_MS = 10_000;

interface Waiting<T, R> {
  request: T;
  timer: NodeJS.Timeout;
  resolve(answer: R): void;
  reject(error: unknown): void;
}

/**
 * Requests that arrive while a statement is in flight go together in the next one. No timer: a lone request waits for
 * nobody. All requests of a statement share its fate. Behind statements that hang none waits for ever.
 */
export class Batch<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private inFlight = 0;

  constructor(
    private readonly limits: { size: number; concurrency: number },
    private readonly run: (requests: T[]) => Promise<R[]>,
  ) {}

  /** @throws what the statement throws, or a timeout that `isOutage` knows */
  add(request: T): Promise<R> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.giveUp(waiting), LONGEST_WAIT_MS);
      const waiting = { request, resolve, reject, timer };
      this.waiting.push(waiting);
      this.pump();
    });
  }

  private giveUp(waiting: Waiting<T, R>): void {
    const index = this.waiting.indexOf(waiting); // at the front, if at all: the oldest gives up first
    if (index >= 0) this.waiting.splice(index, 1);
    waiting.reject(new Error('timeout: the statement it waited for has not been answered'));
  }

  private pump(): void {
    while (this.inFlight < this.limits.concurrency && this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.limits.size);
      this.inFlight++;
      void this.run(batch.map(({ request }) => request))
        .then(
          (answers) => batch.forEach(({ resolve }, index) => resolve(answers[index]!)),
          (error: unknown) => batch.forEach(({ reject }) => reject(error)),
        )
        .finally(() => {
          for (const { timer } of batch) clearTimeout(timer);
          this.inFlight--;
          this.pump();
        });
    }
  }
}
