import type { EncodedRow } from '../regions/contract.js';
import type { ControlBinding, ResultItem } from './protocol.js';

/**
 * Adds what a control's region kind made of a value to the prediction's results: with ids, with what the binding knows,
 * and with relations and parents by those ids.
 *
 * @param result the results so far, of other controls
 */
export function addResults(
  result: ResultItem[],
  { results, relations }: EncodedRow,
  { control, toName, idPrefix }: Pick<ControlBinding, 'control' | 'toName' | 'idPrefix'>,
  type: string,
): void {
  const first = result.length;
  const idOf = (index: number) => `${idPrefix}${first + index}`;
  for (const [index, { parent, ...body }] of results.entries()) {
    const region = { id: idOf(index), from_name: control, to_name: toName, type, ...body };
    result.push(parent === undefined ? region : { ...region, parentID: idOf(parent) });
  }
  for (const { from, to, ...relation } of relations ?? []) {
    result.push({ type: 'relation', from_id: idOf(from), to_id: idOf(to), ...relation });
  }
}
