import type { TokensMeta } from '../../inputs/tokens/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed, probability } from '../failed.js';
import type { Tag, TaggedWord } from './scheme.js';

/**
 * The tag of each word of a text, which is that of its first token.
 *
 * Of several windows the one speaks in which the token stands farthest from where the text was cut.
 *
 * @param tags in the order of the columns of the graph's output, [rows, tokens, tags]
 * @throws AppError `model_failed` when the output is of another shape, or a number is NaN
 */
export function tagWords(
  { outputs, row, metas }: RowOutputs,
  output: OutputSpec,
  tags: readonly Tag[],
): TaggedWord[] {
  const { data, dims } = outputs[output.tensor!]!;
  const [, length = 0, columns = 0] = dims;
  if (dims.length !== 3 || columns !== tags.length) {
    throw failed(output, `[${dims.join(', ')}], and not [rows, tokens, ${tags.length}],`);
  }
  const windows = metas as readonly TokensMeta[];
  const { tokens } = windows[0]!;
  const words: TaggedWord[] = [];
  let current = -1;
  for (const [token, word] of tokens.words.entries()) {
    if (word < 0) continue;
    if (word === current) {
      const last = words.at(-1)!;
      last.end = Math.max(last.end, tokens.ends[token]!);
      continue;
    }
    const window = windowOf(windows, token);
    // The text was cut off before.
    if (window < 0) break;
    current = word;
    const { first, offset } = windows[window]!;
    const at = ((row + window) * length + offset + token - first) * columns;
    const [column, probability] = largest(data as Float32Array, at, columns, output);
    const place = { start: tokens.starts[token]!, end: tokens.ends[token]! };
    words.push({ ...place, tag: tags[column]!, probability });
  }
  return words;
}

/**
 * The numbers of a row's own tokens, without special ones and without what fills the row up: [tokens, tags], of a text
 * that was cut into windows those of its first.
 */
export function tagNumbers({ outputs, row, metas }: RowOutputs, { tensor }: OutputSpec): ArrayLike<number> {
  const { data, dims } = outputs[tensor!]!;
  const [, length = 0, columns = 0] = dims;
  const { offset, count } = metas[0] as TokensMeta;
  const first = row * length + offset;
  return (data as Float32Array).subarray(first * columns, (first + count) * columns);
}

function windowOf(windows: readonly TokensMeta[], token: number): number {
  let best = -1;
  let most = -1;
  for (const [index, { first, count }] of windows.entries()) {
    if (token < first || token >= first + count) continue;
    const before = index === 0 ? Number.POSITIVE_INFINITY : token - first;
    const behind = index === windows.length - 1 ? Number.POSITIVE_INFINITY : first + count - 1 - token;
    const distance = Math.min(before, behind);
    if (distance > most) {
      best = index;
      most = distance;
    }
  }
  return best;
}

/** The largest of some columns, and its probability. */
function largest(data: Float32Array, at: number, columns: number, output: OutputSpec): [number, number] {
  let best = 0;
  for (let column = 0; column < columns; column++) {
    const value = data[at + column]!;
    if (Number.isNaN(value)) throw failed(output, 'NaN');
    if (value > data[at + best]!) best = column;
  }
  const top = data[at + best]!;
  if (output.values === 'probabilities') return [best, probability(output, top)];
  let sum = 0;
  for (let column = 0; column < columns; column++) sum += Math.exp(data[at + column]! - top);
  if (Number.isNaN(sum)) throw failed(output, 'NaN');
  return [best, 1 / sum];
}
