/**
 * The work that index flags may cause, in characters of a flag times characters of a `toName`.
 *
 * Every flag is sought in every `toName` behind it, so both the work and the result grow with their product. A real config
 * has two flags at most and stays below a millionth of this.
 */
const MAX_WORK = 250_000_000;

/**
 * The values of all `indexFlag` attributes so far, such as `{{idx}}` of a Repeater.
 *
 * Label Studio never takes one away again: a flag holds for its own tag and for all that follow, inside and outside of it.
 */
export class IndexFlags {
  readonly #flags = new Set<string>();
  #work = 0;

  add(flag: string): void {
    this.#flags.add(flag);
  }

  /**
   * The flags that are part of one of the names in a `toName`; the empty flag is part of every name.
   *
   * @param fault - makes the error to throw where the flags would cost too much work
   * @returns the flags, each with `.*`, as a record without prototype; undefined if there are none
   */
  regex(toName: string, fault: (reason: string) => Error): Record<string, '.*'> | undefined {
    let regex: Record<string, '.*'> | undefined;
    for (const flag of this.#flags) {
      this.#work += 1 + (flag.length <= toName.length ? flag.length * toName.length : 0);
      if (this.#work > MAX_WORK) throw fault('too many index flags for so many controls');
      // No name holds a comma, so a flag without one is part of a name wherever it is part of the list.
      if (flag.includes(',') || !toName.includes(flag)) continue;
      regex ??= Object.create(null) as Record<string, '.*'>;
      regex[flag] = '.*';
    }
    return regex;
  }
}
