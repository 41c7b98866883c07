import type { Jobs } from './jobs.js';
import { LEASE_MS } from './domain/jobs.js';

/** A job this node holds for a while; then another node may take it over, and who was held up in between must not act on it. */
export class Lease {
  /** On the clock of `performance`. */
  private until: number;

  /** @param grantedAt a moment that is not later than the grant, on the clock of `performance`; null: unknown */
  constructor(
    private readonly jobs: Pick<Jobs, 'extend'>,
    readonly job: { key: string; epoch: number },
    grantedAt: number | null,
  ) {
    this.until = grantedAt === null ? -Infinity : grantedAt + LEASE_MS;
  }

  get isHeld(): boolean {
    return performance.now() < this.until;
  }

  /** Makes sure that it lasts for `ms` more, by a statement only where it would not. @returns false when it is lost */
  async lasts(ms: number): Promise<boolean> {
    const now = performance.now();
    if (this.until - now >= ms) return true;
    if (!(await this.jobs.extend(this.job))) return false;
    this.until = now + LEASE_MS;
    return true;
  }
}
