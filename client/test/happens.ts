import type { Emitter } from '../src/emitter.js';
import type { Call, CallEvents, RingwayClient, RingwayEvents } from '../src/index.js';

const PATIENCE_MS = 15_000;

type EventsOf<E> = E extends RingwayClient ? RingwayEvents : E extends Call ? CallEvents : never;
type Args<E, Name extends keyof EventsOf<E>> = Extract<EventsOf<E>[Name], unknown[]>;

/** The next event like this. */
export function happens<E extends Emitter<any>, Name extends keyof EventsOf<E> & string>(
  emitter: E,
  name: Name,
  like: (...args: Args<E, Name>) => boolean = () => true,
): Promise<Args<E, Name>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      off();
      reject(new Error(`"${name}" did not happen as expected`));
    }, PATIENCE_MS);
    const off = emitter.on(name, (...heard: any[]) => {
      const args = heard as Args<E, Name>;
      if (!like(...args)) return;
      clearTimeout(timer);
      off();
      resolve(args);
    });
  });
}
