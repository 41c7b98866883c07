/** The one source of time, in milliseconds since the epoch. Injected everywhere, so that tests own it. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Injection token of the {@link Clock}. */
export const CLOCK = Symbol('clock');
