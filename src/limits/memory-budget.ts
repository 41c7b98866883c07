import { getHeapStatistics } from 'node:v8';

export interface MemoryLimits {
  /** Bytes kept for one user. */
  perUser: number;
  /** Bytes kept for all users of this node together. */
  total: number;
}

/** One user may keep no more than this part of what is still free, so that a few users never take everything. */
const SHARE_OF_FREE = 1 / 4;

/** Counts the bytes that are kept in memory on behalf of each user, and refuses what would exceed the limits. */
export class MemoryBudget {
  private readonly byUser = new Map<string, number>();
  private keptBytes = 0;

  constructor(readonly limits: MemoryLimits) {}

  /** Bytes kept for all users. */
  get kept(): number {
    return this.keptBytes;
  }

  /** Bytes kept for one user. */
  keptFor(userId: string): number {
    return this.byUser.get(userId) ?? 0;
  }

  /** @returns false, and counts nothing, when the user or the node keeps too much already */
  take(userId: string, bytes: number): boolean {
    const { perUser, total } = this.limits;
    const limit = Math.min(perUser, (total - this.keptBytes) * SHARE_OF_FREE);
    if (this.keptFor(userId) + bytes > limit) return false;
    this.add(userId, bytes);
    return true;
  }

  /**
   * Takes what another node has accepted for the user before: there the user was within their limit, so only this node's
   * limit counts.
   * @returns false, and counts nothing, when the node keeps too much already
   */
  takeOver(userId: string, bytes: number): boolean {
    if (this.keptBytes + bytes > this.limits.total) return false;
    this.add(userId, bytes);
    return true;
  }

  release(userId: string, bytes: number): void {
    this.add(userId, -bytes);
  }

  private add(userId: string, bytes: number): void {
    const kept = this.keptFor(userId) + bytes;
    this.keptBytes += bytes;
    if (kept > 0) this.byUser.set(userId, kept);
    else this.byUser.delete(userId);
  }
}

/** A limit in bytes that a small heap makes smaller: `1 / parts` of what V8 may use. */
export const withinHeap = (bytes: number, parts: number): number =>
  Math.min(bytes, Math.floor(getHeapStatistics().heap_size_limit / parts));
