import { AppError } from '../errors.js';
import type { RegionKind } from '../regions/contract.js';
import { rowsOf } from '../regions/index.js';
import type { Manifest } from '../registry/manifest.js';
import type { OutputSpec } from '../registry/version.js';

/** What fills a control. */
interface Filled {
  row: RegionKind;
  control: string;
  toName: string;
}

/**
 * Decides which outputs of a model go together: things are shown as one shape each, and what describes them is answered only
 * where a shape is. An optional output is left out where it would break that.
 *
 * @param filled by the output's number what it fills; undefined: nothing
 * @param outputs the version's; null: a recipe's, which are not known yet
 * @returns the numbers of the outputs that stay
 * @throws AppError `no_model_fits` when a control cannot be filled because the config has no shape, with what to add; its
 *   message goes on from "the model '<name>' "
 */
export function outputsTogether(
  filled: readonly (Filled | undefined)[],
  { outputs: entries }: Pick<Manifest, 'outputs'>,
  outputs: readonly OutputSpec[] | null,
): Set<number> {
  const kept = new Map(
    [...filled.entries()].flatMap(([index, each]) => (each ? [[index, each] as const] : [])),
  );
  const isShape = (index: number, { shows }: RegionKind) =>
    shows !== undefined && (outputs === null || shows.includes(outputs[index]!.kind));
  const shown = new Set<string>();
  for (const [index, { row }] of kept) {
    if (!isShape(index, row)) continue;
    const { tensor, tensors } = outputs?.[index] ?? { tensor: String(index) };
    const things = JSON.stringify([tensor, tensors]);
    if (shown.has(things) && entries[index]!.optional === true) kept.delete(index);
    shown.add(things);
  }
  if (shown.size > 0) return new Set(kept.keys());
  const orphans = [...kept].filter(([, { row }]) => row.describes === true);
  for (const [index] of orphans) if (entries[index]!.optional === true && kept.size > 1) kept.delete(index);
  const orphan = [...kept.values()].find(({ row }) => row.describes === true);
  if (orphan === undefined) return new Set(kept.keys());
  throw new AppError('no_model_fits', withoutShape(orphan, entries));
}

function withoutShape({ row, control, toName }: Filled, entries: Manifest['outputs']): string {
  const shapes = entries.filter(entry => rowsOf(entry.control).some(({ shows }) => shows !== undefined));
  const plain = shapes.filter(entry => !entry.control.endsWith('Labels'));
  const [first = shapes[0]] = plain;
  const others = shapes.filter(entry => entry !== first).map(entry => entry.control);
  const what = `fills ${row.tag} '${control}' with what belongs to regions, and the labeling config has no control for the regions`;
  if (first === undefined)
    return `${what}, which the model does not show either: it needs an output for them`;
  const more = others.length === 0 ? '' : ` (or ${[...new Set(others)].join(', ')})`;
  return `${what}: add <${first.control} name="${first.name}" toName="${toName}"/>${more}`;
}
