/** What an entry costs beside its text: its key, and the map's own. */
const ENTRY_BYTES = 150;
/** A request with more tasks than would fill this part of the cache does not use it: it would put out all others. */
const SHARE = 1 / 4;
/** What the answer of one task takes at least. */
const LEAST_TEXT = 200;

/** Answers that were given before, by what was asked; the least recently used go first. */
export class ResultCache {
  readonly #limit: number;
  readonly #entries = new Map<string, string>();
  /** Goes on from one eviction to the next: all that is before it was taken out. A new one would walk over that again. */
  #oldest = this.#entries.keys();
  #bytes = 0;
  hits = 0;
  misses = 0;

  /** @param limit the size in bytes that it may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether it is for requests of so many tasks. */
  suits(tasks: number): boolean {
    return tasks * (ENTRY_BYTES + LEAST_TEXT) <= this.#limit * SHARE;
  }

  /** The text of an item. */
  get(key: string): string | undefined {
    const text = this.#entries.get(key);
    if (text === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.#entries.delete(key);
    this.#entries.set(key, text);
    return text;
  }

  set(key: string, text: string): void {
    this.#remove(key);
    const bytes = text.length + ENTRY_BYTES;
    if (bytes > this.#limit) return;
    this.#entries.set(key, text);
    this.#bytes += bytes;
    while (this.#bytes > this.#limit) this.#evict();
  }

  #evict(): void {
    const { value: key, done } = this.#oldest.next();
    if (done) this.#oldest = this.#entries.keys();
    else this.#remove(key);
  }

  #remove(key: string): void {
    const text = this.#entries.get(key);
    if (text === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= text.length + ENTRY_BYTES;
  }
}
