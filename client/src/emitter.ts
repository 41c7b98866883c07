type Listener<Args extends unknown[]> = (...args: Args) => void;

/** Typed events. A listener that throws harms nobody else: its error surfaces as an uncaught one. */
export class Emitter<Events extends { [event in keyof Events]: unknown[] }> {
  private readonly listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** @returns a function that stops listening */
  on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): () => void {
    const list = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, list.add(listener));
    this.listenedTo(event);
    return () => void list.delete(listener);
  }

  /** The next one only. @returns a function that stops waiting for it */
  once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): () => void {
    const off = this.on(event, (...args) => {
      off();
      listener(...args);
    });
    return off;
  }

  protected emit<E extends keyof Events>(event: E, ...args: Events[E]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) {
      try {
        (listener as Listener<Events[E]>)(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Somebody has begun to listen. */
  protected listenedTo(_event: keyof Events): void {}

  protected listened(event: keyof Events): boolean {
    return (this.listeners.get(event)?.size ?? 0) > 0;
  }
}
