import type { AudioMeta } from '../../inputs/audio/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed, probability } from '../failed.js';
import type { FramesBinding } from '../frames/outputs.js';
import { LABELS, type OutputKinds, TENSOR } from '../output-kinds.js';

/**
 * The parts that a graph lists itself: `starts` and `ends` in seconds of the row, `labels` by number and `scores`, each [rows,
 * parts]. An entry that starts below 0 fills up the row.
 */
export const SEGMENTS: OutputKinds = {
  segments: {
    properties: {
      tensors: {
        type: 'object',
        properties: { starts: TENSOR, ends: TENSOR, labels: TENSOR, scores: TENSOR },
        required: ['starts', 'ends', 'labels', 'scores'],
        additionalProperties: false,
      },
      labels: LABELS,
    },
    required: ['tensors', 'labels'],
    check(answer, output) {
      for (let row = 0; row < answer.metas.length; row++) entries(answer, output, row);
    },
  },
};

/** A part of a recording, in seconds. */
export interface Part {
  start: number;
  end: number;
  label: number;
  score: number;
}

/**
 * The listed parts that are to be shown, in the order in which they begin, cut at the ends of the recording. Where windows
 * share some of it, a part is taken from the one in whose middle it lies; what two windows say of the same is one.
 *
 * @throws AppError `model_failed` when the tensors are not alike, or hold NaN or a label that is none
 */
export function listedParts(answer: RowOutputs, output: OutputSpec, binding: FramesBinding): Part[] {
  const { labels, threshold, minLength, mergeGap } = binding;
  const windows = answer.metas as readonly AudioMeta[];
  const all = windows.flatMap((window, at) => {
    const begin = window.first / window.rate;
    const length = Math.min(window.count / window.rate, window.duration - begin);
    return entries(answer, output, at).flatMap(({ start, end, ...rest }): Part[] => {
      const part = { start: begin + Math.max(start, 0), end: begin + Math.min(end, length), ...rest };
      return part.end > part.start && nearest(windows, (part.start + part.end) / 2) === at ? [part] : [];
    });
  });
  const shown = all
    .filter(({ label, score }) => labels[label] !== null && score >= threshold)
    .sort((a, b) => a.start - b.start || a.end - b.end);
  return merged(shown, mergeGap).filter(({ start, end }) => end - start >= minLength - 1e-9);
}

/** What a row lists. */
function entries({ outputs, row }: RowOutputs, output: OutputSpec, window: number): Part[] {
  const tensors = ['starts', 'ends', 'labels', 'scores'].map(part => outputs[output.tensors![part]!]!);
  const [, count = 0] = tensors[0]!.dims;
  if (tensors.some(({ dims }) => dims.length !== 2 || dims[1] !== count))
    throw failed(output, 'tensors of unlike shapes');
  const found: Part[] = [];
  for (let at = (row + window) * count; at < (row + window + 1) * count; at++) {
    const numbers = tensors.map(({ data }) => Number(data[at])) as [number, number, number, number];
    const [start, end, label, score] = numbers;
    if (start < 0) continue;
    if (numbers.some(Number.isNaN)) throw failed(output, 'NaN');
    if (!Number.isInteger(label) || output.labels![label] === undefined)
      throw failed(output, `the label ${label} of ${output.labels!.length}`);
    found.push({ start, end, label, score: probability(output, score) });
  }
  return found;
}

/** The window from whose ends a moment, in seconds, is the farthest. */
function nearest(windows: readonly AudioMeta[], moment: number): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (const [at, { first, count, rate }] of windows.entries()) {
    const margin = Math.min(moment - first / rate, (first + count) / rate - moment);
    if (margin <= most) continue;
    best = at;
    most = margin;
  }
  return best;
}

/** Joins parts of one label that are no farther apart than `gap`; the score is the mean by length. */
function merged(parts: readonly Part[], gap: number): Part[] {
  const last = new Map<number, Part>();
  const joined: Part[] = [];
  for (const part of parts) {
    const open = last.get(part.label);
    if (open && part.start - open.end <= gap) {
      const [known, added] = [open.end - open.start, part.end - part.start];
      open.score = (open.score * known + part.score * added) / (known + added);
      open.end = Math.max(open.end, part.end);
      continue;
    }
    const begun = { ...part };
    last.set(part.label, begun);
    joined.push(begun);
  }
  return joined;
}
