import type { TokensMeta } from '../../inputs/tokens/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed, probability } from '../failed.js';
import { utf16Offsets } from './code-points.js';
import type { Span } from './scheme.js';

/**
 * The spans that a graph lists itself: `starts`, `ends` (exclusive), `labels` and `scores`, each [rows, spans]. An entry
 * that starts below 0 fills up the row. Of windows that list the same span, the largest score counts.
 *
 * @throws AppError `model_failed` when the tensors are not alike, or what they hold is outside of the text or NaN
 */
export function listedSpans(
  { outputs, row, metas }: RowOutputs,
  output: OutputSpec,
  entities: number,
): Span[] {
  const [starts, ends, labels, scores] = ['starts', 'ends', 'labels', 'scores'].map(
    part => outputs[output.tensors![part]!]!,
  );
  const [, count = 0] = starts!.dims;
  for (const { dims } of [ends!, labels!, scores!]) {
    if (dims.length !== 2 || dims[1] !== count) throw failed(output, `tensors of unlike shapes`);
  }
  const windows = metas as readonly TokensMeta[];
  const { text, tokens } = windows[0]!;
  const places = output.unit === 'characters' ? utf16Offsets(text) : null;
  const found = new Map<string, Span>();
  for (const [window, { first, offset, count: length }] of windows.entries()) {
    for (let index = 0; index < count; index++) {
      const at = (row + window) * count + index;
      const from = Number(starts!.data[at]);
      if (from < 0) continue;
      const to = Number(ends!.data[at]);
      const entity = Number(labels!.data[at]);
      const score = Number(scores!.data[at]);
      if (Number.isNaN(score)) throw failed(output, 'NaN as a score');
      if (!Number.isInteger(entity) || entity < 0 || entity >= entities)
        throw failed(output, `the label ${entity} of ${entities}`);
      let start: number | undefined;
      let end: number | undefined;
      if (places !== null) [start, end] = [places[from], places[to]];
      else if (from >= offset && to <= offset + length && to > from) {
        start = tokens.starts[first + from - offset];
        end = tokens.ends[first + to - 1 - offset];
      }
      const span = trimmed(text, start, end);
      if (span === undefined) throw failed(output, `a span from ${from} to ${to}, which is none of the text`);
      const key = `${span.start} ${span.end} ${entity}`;
      const known = found.get(key);
      const entries = [...(known?.entries ?? []), at];
      const most = Math.max(known?.score ?? 0, probability(output, score));
      found.set(key, { ...span, entity, score: most, entries });
    }
  }
  return [...found.values()].sort((a, b) => a.start - b.start || a.end - b.end);
}

/** Without the white space around it; undefined when nothing is left. */
function trimmed(text: string, start: number | undefined, end: number | undefined) {
  if (start === undefined || end === undefined) return undefined;
  let from = start;
  let to = end;
  while (from < to && /\s/u.test(text[from]!)) from++;
  while (to > from && /\s/u.test(text[to - 1]!)) to--;
  return to > from ? { start: from, end: to } : undefined;
}
