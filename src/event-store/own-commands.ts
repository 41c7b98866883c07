const REMEMBERED = 50_000;
const IN_DOUBT_MS = 600_000;
const MOST_IN_DOUBT = 10_000;

/** The commands that this process has asked the store to record: what it hears of them is no news to it, unless it gave one up. */
export class OwnCommands {
  /** In two halves, because a Set takes long to find its oldest entry. */
  private asked = { younger: new Set<string>(), older: new Set<string>() };
  /** Commands whose outcome this process does not know, and since when. */
  private readonly inDoubt = new Map<string, number>();

  remember(commandId: string): void {
    this.asked.younger.add(commandId);
    if (this.asked.younger.size === REMEMBERED / 2)
      this.asked = { younger: new Set(), older: this.asked.younger };
  }

  /** Whether this process asked for it and knows the outcome: readers of the whole store can tell what is news to it. */
  isOwn(commandId: string): boolean {
    return (
      !this.inDoubt.has(commandId) && (this.asked.younger.has(commandId) || this.asked.older.has(commandId))
    );
  }

  /** Nobody here was told what came of it: a frozen server may carry it out minutes later. */
  markInDoubt(commandId: string): void {
    this.inDoubt.set(commandId, performance.now());
  }

  /** A command of this process was given up and may be recorded yet: only who reads the whole store will know. */
  get areInDoubt(): boolean {
    const longAgo = performance.now() - IN_DOUBT_MS;
    for (const [commandId, since] of this.inDoubt) {
      if (since > longAgo && this.inDoubt.size <= MOST_IN_DOUBT) break; // the oldest come first
      this.inDoubt.delete(commandId);
    }
    return this.inDoubt.size > 0;
  }
}
