/** The entries used last, up to a number of them. */
export class RecentlyUsed<Value> {
  private readonly entries = new Map<string, Value>(); // in the order of their last use
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get(key: string): Value | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.capacity) return;
    const [oldest] = this.entries.keys();
    this.entries.delete(oldest);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
