import type { AudioMeta } from '../inputs/audio/contract.js';
import { audio } from '../inputs/audio.js';
import type { OutputSpec } from '../registry/version.js';
import { listedParts, type Part, SEGMENTS } from './audio/segments.js';
import type { RegionBody, RegionKind, RowOutputs } from './contract.js';
import { bindFrames, FRAME_OPTIONS, FRAMES, type FramesBinding } from './frames/outputs.js';
import { frameScores } from './frames/scores.js';
import { segmentsOf } from './frames/segments.js';
import { leastScore } from './image/control.js';
import { regionReader } from './spans/reading.js';

/** Places that tell a hundredth of a millisecond. */
const PLACES = 1e5;

/** Runs of frames, in seconds. */
function parts(answer: RowOutputs, output: OutputSpec, binding: FramesBinding): Part[] {
  const { rate } = answer.metas[0] as AudioMeta;
  const scores = frameScores(answer, output);
  const seconds = scores.hop / rate;
  const rules = {
    ...binding,
    // What is so many frames long shall count as that, whatever the last bit of the division.
    minLength: binding.minLength / seconds - 1e-9,
    mergeGap: binding.mergeGap / seconds + 1e-9,
  };
  const at = (frames: number) => scores.first / rate + frames * seconds;
  return segmentsOf(scores, output, rules).map(({ first, end, label, score }) => ({
    start: at(first),
    end: at(end),
    label,
    score,
  }));
}

/**
 * Labels of frames, or listed parts, to `<Labels>` on Audio. Lengths, `start` and `end` are in seconds.
 *
 * Format: https://labelstud.io/tags/labels
 */
export const audioLabels: RegionKind<FramesBinding> = {
  tag: 'Labels',
  name: 'Labels on Audio',
  type: 'labels',
  ...FRAME_OPTIONS,
  outputKinds: { ...FRAMES, ...SEGMENTS },
  needs: ['audio'],
  objectTags: ['Audio'],

  check() {},

  bind: bindFrames,

  encode(answer, output, binding) {
    const { duration, channel } = answer.metas[0] as AudioMeta;
    const found =
      output.kind === 'segments' ? listedParts(answer, output, binding) : parts(answer, output, binding);
    const within = (seconds: number) => Math.min(Math.round(seconds * PLACES) / PLACES, duration);
    const results = found.flatMap(({ label, score, ...part }): RegionBody[] => {
      const [start, end] = [within(part.start), within(part.end)];
      if (end <= start) return [];
      const value = { start, end, channel, labels: [binding.labels[label]!] };
      return [{ value, score, original_length: duration }];
    });
    return { results, score: leastScore(results) };
  },

  reader: ({ parsed }) =>
    regionReader(parsed.labels, 'labels', ({ start, end }) =>
      Number.isFinite(start) && Number.isFinite(end) && (start as number) < (end as number)
        ? { start, end }
        : undefined,
    ),

  example: {
    control: '<Labels name="control" toName="object"><Label value="Speech"/><Label value="Music"/></Labels>',
    options: { merge_gap: 0.0001 },
    input: { kind: audio.kind, ...audio.example },
    output: { name: 'sounds', kind: 'frames', tensor: 'scores', labels: ['Speech'] },
    outputs: { scores: { type: 'float32', data: Float32Array.of(0.25, 0.75, 0.875, 0.25), dims: [1, 4] } },
    encoded: {
      results: [
        {
          value: { start: 0.00013, end: 0.00038, channel: 0, labels: ['Speech'] },
          score: 0.8125,
          original_length: 0.0005,
        },
      ],
      score: 0.8125,
    },
    target: [{ start: 0.00013, end: 0.00038, labels: ['Speech'] }],
  },
};
