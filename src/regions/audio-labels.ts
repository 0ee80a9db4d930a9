import type { AudioMeta } from '../inputs/audio/contract.js';
import { audio } from '../inputs/audio.js';
import type { RegionBody, RegionKind } from './contract.js';
import { bindFrames, FRAME_OPTIONS, FRAMES, type FramesBinding } from './frames/outputs.js';
import { frameScores } from './frames/scores.js';
import { segmentsOf } from './frames/segments.js';
import { leastScore } from './image/control.js';
import { regionReader } from './spans/reading.js';

/** Places that tell a hundredth of a millisecond. */
const PLACES = 1e5;
const rounded = (seconds: number) => Math.round(seconds * PLACES) / PLACES;

/**
 * Labels of frames to `<Labels>` on Audio. Lengths, `start` and `end` are in seconds.
 *
 * Format: https://labelstud.io/tags/labels
 */
export const audioLabels: RegionKind<FramesBinding> = {
  tag: 'Labels',
  name: 'Labels on Audio',
  type: 'labels',
  ...FRAME_OPTIONS,
  outputKinds: FRAMES,
  needs: ['audio'],
  objectTags: ['Audio'],

  check() {},

  bind: bindFrames,

  encode(answer, output, binding) {
    const { rate, duration, channel } = answer.metas[0] as AudioMeta;
    const scores = frameScores(answer, output);
    const seconds = scores.hop / rate;
    const rules = {
      ...binding,
      minLength: binding.minLength / seconds,
      mergeGap: binding.mergeGap / seconds,
    };
    const results = segmentsOf(scores, output, rules).flatMap(
      ({ first, end, label, score }): RegionBody[] => {
        const start = rounded(Math.min(first * seconds, duration));
        const until = rounded(Math.min(end * seconds, duration));
        if (until <= start) return [];
        const value = { start, end: until, channel, labels: [binding.labels[label]!] };
        return [{ value, score, original_length: duration }];
      },
    );
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
