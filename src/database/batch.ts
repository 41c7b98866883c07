/**
 * Requests that arrive while a statement is in flight go together in the next one. No timer: a lone request waits for
 * nobody. All requests of a statement share its fate.
 */
export class Batch<T, R> {
  private waiting: { request: T; resolve(answer: R): void; reject(error: unknown): void }[] = [];
  private inFlight = 0;

  constructor(
    private readonly limits: { size: number; concurrency: number },
    private readonly run: (requests: T[]) => Promise<R[]>,
  ) {}

  add(request: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      this.pump();
    });
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
          this.inFlight--;
          this.pump();
        });
    }
  }
}
