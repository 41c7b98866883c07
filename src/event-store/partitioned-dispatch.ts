import type { StoredEvent } from './event.js';

export interface Delivery<E> {
  handle(event: E): Promise<void>;
  /** Events in hand at once. */
  parallel: number;
  /** Events of one partition follow each other; what has none is alone: after all before it and before all behind it. */
  partitionOf(event: E): string | null;
  onDelivered(event: E): unknown;
  /** Asked before each event. */
  mayGoOn(): boolean;
}

/**
 * Hands out events, the oldest first that does not have to wait for another one of its partition. After a failure none is
 * begun any more.
 * @throws what the first failure was, once those in hand are done with
 */
export async function deliver<E extends StoredEvent>(
  events: readonly E[],
  { handle, parallel, partitionOf, onDelivered, mayGoOn }: Delivery<E>,
): Promise<void> {
  const waiting = [...events];
  const busy = new Set<string | null>();
  const failures: unknown[] = [];

  const next = (): E | undefined => {
    if (failures.length > 0 || !mayGoOn() || busy.has(null)) return undefined;
    const alone = waiting.findIndex((event) => partitionOf(event) === null);
    const index = waiting.findIndex((event) => !busy.has(partitionOf(event)));
    if (index < 0 || (alone >= 0 && index >= alone && (alone > 0 || busy.size > 0))) return undefined;
    return waiting.splice(index, 1)[0];
  };
  // Each goes on until nothing is left that it could begin; what waits for an event in hand is left to whoever has it.
  const work = async (): Promise<void> => {
    for (let event = next(); event; event = next()) {
      const partition = partitionOf(event);
      busy.add(partition);
      try {
        await handle(event);
        onDelivered(event);
      } catch (error) {
        failures.push(error);
      }
      busy.delete(partition);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  if (failures.length > 0) throw failures[0];
}
