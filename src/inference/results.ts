import type { DrawnRegion, EncodedRow, Region } from '../regions/contract.js';
import type { ControlBinding, ResultItem } from './protocol.js';

/** A prediction's results while they are put together, one control after the other. */
export class ResultList {
  readonly #items: ResultItem[] = [];
  readonly #ids = new Map<string, string>();
  /** The first result of each key. */
  readonly #shown = new Map<string, Region>();
  readonly #parents: { region: Region; key: string }[] = [];
  /** What describes results of other controls, by the key of those. */
  readonly #descriptions = new Map<Region, string>();
  readonly #drawn: DrawnRegion | undefined;
  #score: number | null = null;

  /** @param drawn what the annotator has just made: it comes first, in the place of what its control would show of it */
  constructor(drawn?: DrawnRegion) {
    this.#drawn = drawn;
    if (drawn === undefined) return;
    this.#items.push(drawn.region);
    this.#ids.set(drawn.key, drawn.region.id);
    this.#shown.set(drawn.key, drawn.region);
  }

  /**
   * Adds what a control's region kind made of a value: with ids, with what the binding knows, and with relations and
   * parents by those ids.
   */
  add(
    { results, relations, score }: EncodedRow,
    { control, toName, idPrefix }: Pick<ControlBinding, 'control' | 'toName' | 'idPrefix'>,
    type: string,
  ): void {
    const first = this.#items.length;
    const ids = results.map(({ key }, index) => {
      const id = (key === undefined ? undefined : this.#ids.get(key)) ?? `${idPrefix}${first + index}`;
      if (key !== undefined) this.#ids.set(key, id);
      return id;
    });
    for (const [index, { parent, key, parentKey, regionKey, ...body }] of results.entries()) {
      if (key !== undefined && key === this.#drawn?.key && control === this.#drawn.region.from_name) continue;
      const region: Region = { id: ids[index]!, from_name: control, to_name: toName, type, ...body };
      if (key !== undefined && !this.#shown.has(key)) this.#shown.set(key, region);
      if (parentKey !== undefined) this.#parents.push({ region, key: parentKey });
      if (parent !== undefined) region.parentID = ids[parent]!;
      if (regionKey !== undefined) this.#descriptions.set(region, regionKey);
      this.#items.push(region);
    }
    for (const { from, to, ...relation } of relations ?? []) {
      this.#items.push({ type: 'relation', from_id: ids[from]!, to_id: ids[to]!, ...relation });
    }
    if (score !== null) this.#doubt(score);
  }

  /** All of them, once every control was added, and how certain the least certain one is. */
  finish(): { result: ResultItem[]; score: number | null } {
    for (const { region, key } of this.#parents) {
      const id = this.#ids.get(key);
      if (id !== undefined) region.parentID = id;
    }
    const result = this.#items.flatMap(item => {
      const key = item.type === 'relation' ? undefined : this.#descriptions.get(item as Region);
      if (key === undefined) return [item];
      const described = this.#shown.get(key);
      return described === undefined ? [] : [this.#describe(item as Region, described)];
    });
    return { result, score: this.#score };
  }

  /** The editor takes a result for one of a region when it has the region's id and place. */
  #describe(item: Region, { id, type, value, score: _, parentID: __, ...frame }: Region): Region {
    if (item.score !== undefined) this.#doubt(item.score);
    const { [type]: ___, ...place } = value;
    return { ...frame, ...item, id, value: { ...place, ...item.value } };
  }

  /** Label Studio sorts tasks by this number to show the least certain ones first, so the least certain speaks. */
  #doubt(score: number): void {
    this.#score = this.#score === null ? score : Math.min(this.#score, score);
  }
}
