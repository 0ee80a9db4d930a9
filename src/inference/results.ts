import type { EncodedRow, Region } from '../regions/contract.js';
import type { ControlBinding, ResultItem } from './protocol.js';

/** A prediction's results while they are put together, one control after the other. */
export class ResultList {
  readonly items: ResultItem[] = [];
  readonly #ids = new Map<string, string>();
  readonly #parents: { region: Region; key: string }[] = [];

  /**
   * Adds what a control's region kind made of a value: with ids, with what the binding knows, and with relations and
   * parents by those ids.
   */
  add(
    { results, relations }: EncodedRow,
    { control, toName, idPrefix }: Pick<ControlBinding, 'control' | 'toName' | 'idPrefix'>,
    type: string,
  ): void {
    const first = this.items.length;
    const ids = results.map(({ key }, index) => {
      const id = (key === undefined ? undefined : this.#ids.get(key)) ?? `${idPrefix}${first + index}`;
      if (key !== undefined) this.#ids.set(key, id);
      return id;
    });
    for (const [index, { parent, key: _, parentKey, ...body }] of results.entries()) {
      const region: Region = { id: ids[index]!, from_name: control, to_name: toName, type, ...body };
      if (parentKey !== undefined) this.#parents.push({ region, key: parentKey });
      if (parent !== undefined) region.parentID = ids[parent]!;
      this.items.push(region);
    }
    for (const { from, to, ...relation } of relations ?? []) {
      this.items.push({ type: 'relation', from_id: ids[from]!, to_id: ids[to]!, ...relation });
    }
  }

  /** All of them, once every control was added. */
  finish(): ResultItem[] {
    for (const { region, key } of this.#parents) {
      const id = this.#ids.get(key);
      if (id !== undefined) region.parentID = id;
    }
    return this.items;
  }
}
