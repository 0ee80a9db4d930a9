/** A map that keeps its most recently used entries only. */
export class LruMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  readonly #weigh: (key: K, value: V) => number;
  readonly #most: number;
  #weight = 0;
  /** Often asked for again and again: it need not be moved. */
  #newest: K | undefined;

  /**
   * @param limit the most entries that are kept
   * @param weigh what an entry weighs, the same each time it is asked
   * @param most what all that are kept may weigh together
   */
  constructor(limit: number, weigh: (key: K, value: V) => number = () => 0, most = 0) {
    this.#limit = limit;
    this.#weigh = weigh;
    this.#most = most;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined && key !== this.#newest) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
      this.#newest = key;
    }
    return value;
  }

  set(key: K, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#newest = key;
    this.#weight += this.#weigh(key, value);
    while (this.#entries.size > this.#limit || this.#weight > this.#most)
      this.delete(this.#entries.keys().next().value!);
  }

  delete(key: K): void {
    const value = this.#entries.get(key);
    if (this.#entries.delete(key)) this.#weight -= this.#weigh(key, value!);
  }

  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }

  values(): IterableIterator<V> {
    return this.#entries.values();
  }
}
