import type { DrawnRegion, EncodedRow, Region, RegionBody } from '../regions/contract.js';
import type { ControlBinding, RegionFilter, ResultItem } from './protocol.js';

type Frame = Pick<ControlBinding, 'control' | 'toName' | 'idPrefix' | 'regions'>;

/** What the results of several controls say of each other, by the keys of `RegionBody`. */
class Links {
  readonly ids = new Map<string, string>();
  /** The first result of each key. */
  readonly shown = new Map<string, Region>();
  readonly parents: { region: Region; key: string }[] = [];
  /** What describes results of other controls, by the key of those. */
  readonly descriptions = new Map<Region, { key: string; regions: RegionFilter | undefined }>();
  /** Where what has an id stands in the order of reading. */
  readonly order = new Map<string, number>();
}

/** A prediction's results while they are put together, one control after the other. */
export class ResultList {
  readonly #items: ResultItem[] = [];
  /** Absent as long as no result has a key: that is most predictions, and whole batches of them are put together. */
  #links: Links | undefined;
  readonly #drawn: DrawnRegion | undefined;
  #score: number | null = null;
  #inOrder = false;

  /** @param drawn what the annotator has just made: it comes first, in the place of what its controls would show of it */
  constructor(drawn?: DrawnRegion) {
    this.#drawn = drawn;
    if (drawn === undefined) return;
    const { key, results } = drawn;
    this.#items.push(...results);
    this.#links = new Links();
    this.#links.ids.set(key, results[0].id);
    this.#links.shown.set(key, results[0]);
    this.#links.order.set(results[0].id, -1);
  }

  /**
   * Adds what a control's region kind made of a value: with ids, with what the binding knows, and with relations and
   * parents by those ids.
   */
  add({ results, relations, score, inOrder }: EncodedRow, frame: Frame, type: string): void {
    const first = this.#items.length;
    const ids = results.map(({ key }, index) => this.#idOf(key, `${frame.idPrefix}${first + index}`));
    for (const [index, body] of results.entries()) this.#addRegion(body, ids, index, frame, type);
    for (const { from, to, ...relation } of relations ?? []) {
      this.#items.push({ type: 'relation', from_id: ids[from]!, to_id: ids[to]!, ...relation });
    }
    if (score !== null) this.#doubt(score);
    if (inOrder) this.#inOrder = true;
  }

  /** All of them, once every control was added, and how certain the least certain one is. */
  finish(): { result: ResultItem[]; score: number | null } {
    const links = this.#links;
    if (links === undefined) return { result: this.#items, score: this.#score };
    for (const { region, key } of links.parents) {
      const id = links.ids.get(key);
      if (id !== undefined) region.parentID = id;
    }
    const result = this.#items.flatMap(item => {
      const description = item.type === 'relation' ? undefined : links.descriptions.get(item as Region);
      if (description === undefined) return [item];
      const { key, regions } = description;
      const described = links.shown.get(key);
      if (described === undefined || (regions && !this.#isAmong(described.id, regions))) return [];
      return [this.#describe(item as Region, described)];
    });
    if (this.#inOrder) {
      const orderOf = (item: ResultItem) =>
        links.order.get(String((item as Region).id)) ?? Number.POSITIVE_INFINITY;
      result.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : Number(orderOf(a) > orderOf(b))));
    }
    return { result, score: this.#score };
  }

  /** The id of the results of a key; the given one is the first's, and that of a result without a key. */
  #idOf(key: string | undefined, made: string): string {
    if (key === undefined) return made;
    this.#links ??= new Links();
    const id = this.#links.ids.get(key) ?? made;
    this.#links.ids.set(key, id);
    return id;
  }

  #addRegion(
    { parent, key, parentKey, regionKey, order, ...body }: RegionBody,
    ids: readonly string[],
    index: number,
    { control, toName, regions }: Frame,
    type: string,
  ): void {
    if (key !== undefined && key === this.#drawn?.key && this.#isDrawn(control)) return;
    const region: Region = { id: ids[index]!, from_name: control, to_name: toName, type, ...body };
    if (parent !== undefined) region.parentID = ids[parent]!;
    this.#items.push(region);
    if (key === undefined && parentKey === undefined && regionKey === undefined) return;
    this.#links ??= new Links();
    const { shown, parents, descriptions, order: orders } = this.#links;
    if (key !== undefined && regionKey === undefined && !shown.has(key)) shown.set(key, region);
    if (order !== undefined && !orders.has(region.id)) orders.set(region.id, order);
    if (parentKey !== undefined) parents.push({ region, key: parentKey });
    if (regionKey !== undefined) descriptions.set(region, { key: regionKey, regions });
  }

  #isDrawn(control: string): boolean {
    return this.#drawn!.results.some(({ from_name }) => from_name === control);
  }

  /** As the editor does, by the first labels of a region. */
  #isAmong(id: string, { label, control }: RegionFilter): boolean {
    const own = this.#items.filter((item): item is Region => (item as Region).id === id);
    const labelled = own.find(item => item.type.endsWith('labels') && labelsOf(item).length > 0);
    if (control !== undefined && labelled?.from_name !== control) return false;
    if (label === undefined) return true;
    const labels = labelled === undefined ? [] : labelsOf(labelled);
    return labels.includes(label) || label.split(',').some(each => labels.includes(each));
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

function labelsOf({ type, value }: Region): readonly unknown[] {
  const labels = value[type];
  return Array.isArray(labels) ? labels : [];
}
