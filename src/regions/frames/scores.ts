import type { Window } from '../../inputs/windows.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed, probability } from '../failed.js';
import { headsOf, join } from '../same-labels.js';
import { sigmoid, softmax } from '../scores.js';

/** The scores of all frames of something long. */
export interface FrameScores {
  /** [frames, labels] */
  data: Float32Array;
  count: number;
  labels: number;
  /** How much of the whole a frame stands for, in what the input's windows count. */
  hop: number;
  /** Where the first frame begins, in the same. */
  first: number;
}

/**
 * Puts the frames of a value's windows together. Where two windows share frames, those count that are farther from the
 * end of their window, because a model knows most of what is around them.
 *
 * @throws AppError `model_failed` when the tensor is of another shape, a number is NaN, or a score is not within 0..1
 */
export function frameScores({ outputs, row, metas }: RowOutputs, output: OutputSpec): FrameScores {
  const { data, dims } = outputs[output.tensor!]!;
  const labels = output.labels!.length;
  const windows = metas as readonly Window[];
  const single = dims.length === 2 && labels === 1;
  const [, second = 0, third = 1] = dims;
  const [frames, given] = output.transposed === true ? [third, second] : [second, third];
  if (!single && (dims.length !== 3 || given !== labels))
    throw failed(output, `a tensor of [${dims.join(', ')}], and not of ${labels} labels a frame,`);
  if (frames === 0) throw failed(output, 'no frames');
  const { size, total } = windows[0]!;
  const { hop = size / frames, first: lead = 0 } = output as { hop?: number; first?: number };
  const framesIn = (length: number) => Math.max(Math.ceil((length - lead) / hop - 1e-9), 0);
  const begins = windows.map(({ first }) => Math.round(first / hop));
  const ends = windows.map((window, at) =>
    Math.min(begins[at]! + Math.min(framesIn(window.count), frames), framesIn(total)),
  );
  const count = Math.max(...ends);
  const scores = new Float32Array(count * labels);
  const margins = new Float32Array(count).fill(-1);
  const values = new Float64Array(labels);
  for (const [window, begin] of begins.entries()) {
    const own = ends[window]! - begin;
    for (let frame = 0; frame < own; frame++) {
      const margin = Math.min(frame, own - 1 - frame);
      if (margin <= margins[begin + frame]!) continue;
      margins[begin + frame] = margin;
      for (let label = 0; label < labels; label++) {
        const inRow = output.transposed === true ? label * frames + frame : frame * labels + label;
        values[label] = Number(data[(row + window) * frames * labels + inRow]);
      }
      activate(values, output);
      scores.set(values, (begin + frame) * labels);
    }
  }
  // What no window has a frame for is as what is before it.
  for (let frame = 1; frame < count; frame++) {
    if (margins[frame]! < 0) scores.copyWithin(frame * labels, (frame - 1) * labels, frame * labels);
  }
  return { data: scores, count, labels, hop, first: lead };
}

/**
 * The same where several of the model's labels mean one of the config's: the first of them has what they score together, and the
 * others score nothing.
 *
 * @param labels the config's label of each of the model's
 * @param isSum whether a frame has one label alone, so that their scores add up
 */
export function byLabel(
  scores: FrameScores,
  labels: readonly (string | null)[],
  isSum: boolean,
): FrameScores {
  const heads = headsOf(labels);
  if (heads === null) return scores;
  const data = scores.data.slice();
  for (let frame = 0; frame < scores.count; frame++) {
    const own = data.subarray(frame * scores.labels, (frame + 1) * scores.labels);
    join(own, heads, isSum);
    for (const [column, head] of heads.entries()) if (head !== column) own[column] = Number.NEGATIVE_INFINITY;
  }
  return { ...scores, data };
}

/** Turns the numbers of a frame into scores, in place. */
function activate(values: Float64Array, output: OutputSpec): void {
  for (const value of values) if (Number.isNaN(value)) throw failed(output, 'NaN as a score');
  if (output.activation === 'sigmoid') {
    for (let at = 0; at < values.length; at++) values[at] = sigmoid(values[at]!);
  } else if (output.activation === 'softmax') softmax(values);
  else for (let at = 0; at < values.length; at++) values[at] = probability(output, values[at]!);
}
