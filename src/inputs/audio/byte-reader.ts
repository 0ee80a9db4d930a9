/** Reads bytes that come in pieces of any size, such as those of a pipe. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** @returns the next bytes, so many; fewer where they end */
  async take(count: number): Promise<Buffer> {
    const parts = [this.#held];
    let length = this.#held.length;
    while (length < count && !this.#ended) {
      const { value, done } = await this.#pieces.next();
      if (done) this.#ended = true;
      else {
        parts.push(value);
        length += value.length;
      }
    }
    const all = parts.length === 1 ? this.#held : Buffer.concat(parts, length);
    this.#held = all.subarray(count);
    return all.subarray(0, count);
  }

  /** @throws Error when there are fewer */
  async whole(count: number): Promise<Buffer> {
    const bytes = await this.take(count);
    if (bytes.length < count) throw new Error('it ends before its samples');
    return bytes;
  }

  /** Leaves out the next bytes, so many, without holding them. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const { length } = await this.take(Math.min(left, SKIPPED));
      if (length === 0) return;
      left -= length;
    }
  }
}

const SKIPPED = 2 ** 16;
