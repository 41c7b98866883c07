import { SlidingWindow } from '../core/sliding-window.js';
import type { Connection } from '../transport/connection.js';

const window = 60_000;

/**
 * Counts connections a sender need not have opened: it had a healthy one, or had closed a healthy one within the last
 * minute. Apple takes rapid connecting and disconnecting for an attack.
 */
export class ConnectionChurn {
  private readonly open = new Map<string, Set<Connection>>();
  private readonly abandonedAt = new Map<string, number>();
  private readonly needless = new SlidingWindow(() => window);

  /** How many needless connections this sender has opened in the last minute. */
  count(remote: string, now: number): number {
    return this.needless.count(remote, now);
  }

  /** Returns the new count, 0 when there was need for it. */
  opened(connection: Connection, now: number): number {
    const { remote } = connection;
    const others = this.open.get(remote) ?? new Set<Connection>();
    const usable = [...others].some((other) => other.healthy && !other.closed);
    const abandoned = now - (this.abandonedAt.get(remote) ?? -Infinity) < window;
    this.open.set(remote, others.add(connection));
    return usable || abandoned ? this.needless.add(remote, now) : 0;
  }

  closed(connection: Connection, now: number): void {
    this.open.get(connection.remote)?.delete(connection);
    if (connection.healthy) this.abandonedAt.set(connection.remote, now);
  }

  clear(): void {
    this.needless.clear();
    this.abandonedAt.clear();
  }
}
