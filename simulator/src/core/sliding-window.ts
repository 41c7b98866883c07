const most = 10_000;
const mostKeys = 10_000;

/** Counts events by key within a sliding window: up to ten thousand a key, for the ten thousand latest keys. */
export class SlidingWindow {
  private readonly times = new Map<string, number[]>();
  private readonly windowMs: () => number;

  constructor(windowMs: () => number) {
    this.windowMs = windowMs;
  }

  /** Returns the new count. */
  add(key: string, now: number): number {
    const list = this.prune(key, now) ?? [];
    list.push(now);
    if (list.length > most) list.shift();
    this.times.delete(key);
    this.times.set(key, list);
    const [oldest] = this.times.keys();
    if (this.times.size > mostKeys && oldest !== undefined) this.times.delete(oldest);
    return list.length;
  }

  count(key: string, now: number): number {
    return this.prune(key, now)?.length ?? 0;
  }

  clear(): void {
    this.times.clear();
  }

  private prune(key: string, now: number): number[] | undefined {
    const list = this.times.get(key);
    if (list === undefined) return undefined;
    const windowMs = this.windowMs();
    const expired = list.findIndex((at) => now - at < windowMs);
    if (expired === -1) this.times.delete(key);
    else if (expired > 0) list.splice(0, expired);
    return expired === -1 ? undefined : list;
  }
}
