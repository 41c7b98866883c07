import type { Connection } from './connection.js';

const window = 60_000;

/**
 * Counts connections a sender need not have opened: it had one that was fit for use, or had just thrown one away. Apple
 * takes rapid connecting and disconnecting for an attack.
 */
export class Churn {
  private readonly open = new Map<string, Set<Connection>>();
  private readonly thrownAway = new Map<string, number>();
  private readonly needless = new Map<string, number[]>();

  /** How many needless connections this sender has opened in the last minute. */
  count(remote: string, now: number): number {
    return this.recent(remote, now).length;
  }

  /** Returns the new count. */
  opened(connection: Connection, now: number): number {
    const { remote } = connection;
    const others = this.open.get(remote) ?? new Set<Connection>();
    const usable = [...others].some((other) => !other.retired && !other.closed);
    const discarded = now - (this.thrownAway.get(remote) ?? -Infinity) < window;
    const recent = this.recent(remote, now);
    if (usable || discarded) recent.push(now);
    this.needless.set(remote, recent);
    this.open.set(remote, others.add(connection));
    return usable || discarded ? recent.length : 0;
  }

  closed(connection: Connection, now: number): void {
    this.open.get(connection.remote)?.delete(connection);
    if (!connection.retired) this.thrownAway.set(connection.remote, now);
  }

  forget(): void {
    this.needless.clear();
    this.thrownAway.clear();
  }

  private recent(remote: string, now: number): number[] {
    return (this.needless.get(remote) ?? []).filter((at) => now - at < window);
  }
}
