import type { Connection } from '../transport/connection.js';
import { Recently } from '../core/sliding-window.js';

const window = 60_000;

/**
 * Counts connections a sender need not have opened: it had one that was fit for use, or had just thrown one away. Apple
 * takes rapid connecting and disconnecting for an attack.
 */
export class Churn {
  private readonly open = new Map<string, Set<Connection>>();
  private readonly thrownAway = new Map<string, number>();
  private readonly needless = new Recently(() => window);

  /** How many needless connections this sender has opened in the last minute. */
  count(remote: string, now: number): number {
    return this.needless.count(remote, now);
  }

  /** Returns the new count, 0 when there was need for it. */
  opened(connection: Connection, now: number): number {
    const { remote } = connection;
    const others = this.open.get(remote) ?? new Set<Connection>();
    const usable = [...others].some((other) => other.fit && !other.closed);
    const discarded = now - (this.thrownAway.get(remote) ?? -Infinity) < window;
    this.open.set(remote, others.add(connection));
    return usable || discarded ? this.needless.add(remote, now) : 0;
  }

  closed(connection: Connection, now: number): void {
    this.open.get(connection.remote)?.delete(connection);
    if (connection.fit) this.thrownAway.set(connection.remote, now);
  }

  forget(): void {
    this.needless.clear();
    this.thrownAway.clear();
  }
}
