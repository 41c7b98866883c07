import type { PushAddress } from '../devices/reach.js';
import { Injectable } from '@nestjs/common';

const WINDOW_MS = 600_000;
const FEWEST_USERS = 5;
const REMEMBERED_USERS = 200;
const PAUSE_MS = 60_000;
const PAUSED_TOKENS = 10_000;

/** A bundle's or project's trouble, as readiness and metrics show it. */
export interface PushTrouble {
  app: string;
  problem: 'bad-tokens' | 'configuration';
  reason: string;
}

interface Observation {
  at: number;
  userId: string;
  bad: boolean;
}

/**
 * The circuit breaker that keeps a wrong key, flag, topic or project from purging every token: when the tokens of most users
 * of one app are refused as bad, it opens, and no token that was ever accepted is retired until those of others are
 * accepted again or the refusals have grown old. Users are counted, not tokens: one account may register as many made-up
 * ones as it likes. Also remembers the last configuration fault. In memory, each node for itself.
 */
@Injectable()
export class TokenPurgeBreaker {
  private readonly observations = new Map<string, Observation[]>();
  private readonly faults = new Map<string, string>();
  /** Until when, by token and registration. */
  private readonly paused = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A push was accepted (`bad: false`), or its token refused as bad in every APNs environment or by FCM. */
  observe(app: string, userId: string, bad: boolean): void {
    if (!bad) this.faults.delete(app);
    const others = this.recent(app).filter((one) => one.userId !== userId);
    this.observations.set(app, [...others, { at: this.now(), userId, bad }].slice(-REMEMBERED_USERS));
  }

  configurationFault(app: string, reason: string): void {
    this.faults.set(app, reason);
  }

  /** The last tokens of most of at least five users were bad: the fault is not the tokens'. */
  isOpen(app: string): boolean {
    const recent = this.recent(app);
    const bad = recent.filter((one) => one.bad).length;
    return bad >= FEWEST_USERS && bad * 2 > recent.length;
  }

  /** A token that was refused everywhere and is kept is not sent for a minute: bad tokens cost a connection Apple's patience. */
  pause(address: PushAddress): void {
    const key = registrationOf(address);
    this.paused.delete(key);
    this.paused.set(key, this.now() + PAUSE_MS);
    const oldest = this.paused.entries().next().value;
    if (oldest && (this.paused.size > PAUSED_TOKENS || oldest[1] <= this.now()))
      this.paused.delete(oldest[0]);
  }

  /** Not any more when the token has been registered again since. */
  isPaused(address: PushAddress): boolean {
    return (this.paused.get(registrationOf(address)) ?? -Infinity) > this.now();
  }

  troubles(): PushTrouble[] {
    const open = [...this.observations.keys()]
      .filter((app) => this.isOpen(app))
      .map((app): PushTrouble => ({
        app,
        problem: 'bad-tokens',
        reason: 'the tokens of most users are refused; none that was ever accepted is retired',
      }));
    const faults = [...this.faults].map(([app, reason]): PushTrouble => ({
      app,
      problem: 'configuration',
      reason,
    }));
    return [...open, ...faults];
  }

  private recent(app: string): Observation[] {
    const since = this.now() - WINDOW_MS;
    return (this.observations.get(app) ?? []).filter(({ at }) => at >= since);
  }
}

const registrationOf = ({ token, tokenUpdatedAt }: PushAddress): string => `${tokenUpdatedAt} ${token}`;
