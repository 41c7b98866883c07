import { Injectable } from '@nestjs/common';

const WINDOW_MS = 600_000;
const FEWEST = 5;

/** A bundle's or project's trouble, as readiness and metrics show it. */
export interface PushTrouble {
  app: string;
  problem: 'bad-tokens' | 'configuration';
  reason: string;
}

interface Seen {
  at: number;
  token: string;
  bad: boolean;
}

/**
 * Keeps a wrong key, flag, topic or project from purging every token: when most tokens of one app are refused as bad, none is
 * retired until others are accepted again or the refusals have grown old. Also remembers the last configuration fault.
 */
@Injectable()
export class PushFuse {
  private readonly seen = new Map<string, Seen[]>();
  private readonly faults = new Map<string, string>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A push was accepted (`bad: false`), or its token refused as bad in every APNs environment or by FCM. */
  observe(app: string, token: string, bad: boolean): void {
    if (!bad) this.faults.delete(app);
    const recent = this.recent(app).filter((seen) => seen.token !== token);
    this.seen.set(app, [...recent, { at: this.now(), token, bad }].slice(-200));
  }

  configurationFault(app: string, reason: string): void {
    this.faults.set(app, reason);
  }

  /** Most of at least five tokens were bad: the fault is not the tokens'. */
  blown(app: string): boolean {
    const recent = this.recent(app);
    const bad = recent.filter((seen) => seen.bad).length;
    return bad >= FEWEST && bad * 2 > recent.length;
  }

  troubles(): PushTrouble[] {
    const blown = [...this.seen.keys()]
      .filter((app) => this.blown(app))
      .map((app): PushTrouble => ({
        app,
        problem: 'bad-tokens',
        reason: 'most tokens are refused; none is retired',
      }));
    const faults = [...this.faults].map(([app, reason]): PushTrouble => ({
      app,
      problem: 'configuration',
      reason,
    }));
    return [...blown, ...faults];
  }

  private recent(app: string): Seen[] {
    const since = this.now() - WINDOW_MS;
    return (this.seen.get(app) ?? []).filter(({ at }) => at >= since);
  }
}
