/**
 * Remembers values up to a number and a total weight; what was set longest ago is forgotten first. The weight of a value is
 * an estimate of the memory it holds, in bytes.
 */
export class BoundedMap<V> {
  private readonly entries = new Map<string, { value: V; weight: number }>();
  private total = 0;

  constructor(
    private readonly max: { entries: number; weight: number },
    private readonly weightOf: (value: V) => number,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** The weight of all values together. */
  get weight(): number {
    return this.total;
  }

  get(key: string): V | undefined {
    return this.entries.get(key)?.value;
  }

  set(key: string, value: V): void {
    this.delete(key);
    const weight = this.weightOf(value);
    this.entries.set(key, { value, weight });
    this.total += weight;
    while (this.entries.size > this.max.entries || this.total > this.max.weight) {
      const oldest = this.entries.keys().next().value;
      if (oldest === undefined) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.total -= entry.weight;
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.entries.values()) yield value;
  }
}
