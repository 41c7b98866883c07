/** A source of time, in milliseconds since the epoch. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/**
 * The simulator's time: a real or a test's clock, plus what somebody advanced it by. Everything that Apple and Google do
 * by the clock (tokens grow old, connections expire, stored pushes arrive) follows this one.
 */
export class SimulatorClock implements Clock {
  private readonly base: Clock;
  private offset = 0;
  private alarms: Alarm[] = [];
  private readonly ticker: NodeJS.Timeout;

  constructor(base: Clock, tickMs = 50) {
    this.base = base;
    this.ticker = setInterval(() => this.tick(), tickMs).unref();
  }

  now(): number {
    return Math.trunc(this.base.now() + this.offset);
  }

  advance(ms: number): void {
    this.offset += ms;
    this.tick();
  }

  set(now: number): void {
    this.offset = now - this.base.now();
    this.tick();
  }

  /** Calls `ring` once, as soon as simulated time has reached `time`; the returned function takes it back. */
  at(time: number, ring: () => void): () => void {
    const alarm = { time, ring };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((other) => other !== alarm);
    };
  }

  /** Rings what is due, oldest first. Runs by itself twenty times a second, and at once when time is moved. */
  tick(): void {
    const now = this.now();
    if (!this.alarms.some((alarm) => alarm.time <= now)) return;
    const due = this.alarms.filter((alarm) => alarm.time <= now).sort((a, b) => a.time - b.time);
    this.alarms = this.alarms.filter((alarm) => alarm.time > now);
    for (const alarm of due) alarm.ring();
  }

  /** Back to the base clock. Alarms stay: connections still grow old. */
  reset(): void {
    this.offset = 0;
  }

  stop(): void {
    clearInterval(this.ticker);
    this.alarms = [];
  }
}

interface Alarm {
  time: number;
  ring: () => void;
}
