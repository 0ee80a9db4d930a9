import { editorFrame, type VideoMeta } from '../inputs/video/contract.js';
import { video } from '../inputs/video.js';
import type { RegionBody, RegionKind } from './contract.js';
import { bindFrames, FRAME_OPTIONS, FRAMES, type FramesBinding } from './frames/outputs.js';
import { frameScores } from './frames/scores.js';
import { segmentsOf } from './frames/segments.js';
import { leastScore } from './image/control.js';
import { regionReader } from './spans/reading.js';
import { joined, rowsOf, type VideoRows, withFrames } from './video/parts.js';

const NAME = 'timelinelabels';

/**
 * Labels of the frames of a video to `<TimelineLabels>`: a part is a range of frames as the editor numbers them, from 1, its
 * last one included. Lengths are in seconds. A model whose rows are single frames gives [rows, labels].
 *
 * Format: https://labelstud.io/tags/timelinelabels
 */
export const timelineLabels: RegionKind<FramesBinding> = {
  tag: 'TimelineLabels',
  type: NAME,
  ...FRAME_OPTIONS,
  outputKinds: FRAMES,
  needs: ['video'],
  objectTags: ['Video'],

  check() {},

  bind: bindFrames,

  part: (answer, { tensor }) => rowsOf(answer, tensor!),

  encode(answer, output, binding) {
    const name = output.tensor!;
    const parts = [...((answer.before ?? []) as VideoRows[]), rowsOf(answer, name)];
    const whole = joined(parts, name);
    const [{ video: shown, step, total, size }] = whole.metas as [VideoMeta];
    const scores = frameScores(size === 1 ? withFrames(whole, name, output.transposed) : whole, output);
    const { hop, first: lead } = scores;
    const seconds = hop * step;
    const rules = {
      ...binding,
      // What is so many frames long shall count as that, whatever the last bit of the division.
      minLength: binding.minLength / seconds - 1e-9,
      mergeGap: binding.mergeGap / seconds + 1e-9,
    };
    const results = segmentsOf(scores, output, rules).map(({ first, end, label, score }): RegionBody => {
      const begin = (lead + first * hop) * step;
      const until = lead + end * hop;
      const start = editorFrame(shown, begin);
      const last = until >= total - 1e-9 ? shown.framesCount : editorFrame(shown, until * step) - 1;
      const range = { start, end: Math.max(start, last) };
      return { value: { ranges: [range], [NAME]: [binding.labels[label]!] }, score };
    });
    return { results, score: leastScore(results) };
  },

  reader: ({ parsed }) =>
    regionReader(parsed.labels, NAME, ({ ranges }) =>
      Array.isArray(ranges) && ranges.length > 0 && ranges.every(isRange)
        ? { ranges: ranges.map(({ start, end }) => ({ start, end })) }
        : undefined,
    ),

  example: {
    control:
      '<TimelineLabels name="control" toName="object"><Label value="Run"/><Label value="Walk"/></TimelineLabels>',
    options: {},
    input: { kind: video.kind, ...video.example },
    output: {
      name: 'gait',
      kind: 'frames',
      tensor: 'scores',
      labels: ['Stand', 'Run', 'Walk'],
      background: 'Stand',
    },
    outputs: {
      scores: { type: 'float32', data: Float32Array.of(0, 0.75, 0.25, 1, 0, 0), dims: [2, 3] },
    },
    encoded: {
      results: [{ value: { ranges: [{ start: 1, end: 1 }], [NAME]: ['Run'] }, score: 0.75 }],
      score: 0.75,
    },
    target: [{ ranges: [{ start: 1, end: 1 }], labels: ['Run'] }],
  },
};

function isRange(value: unknown): value is { start: number; end: number } {
  const { start, end } = (value ?? {}) as { start?: unknown; end?: unknown };
  return Number.isInteger(start) && Number.isInteger(end) && 1 <= (start as number) && start! <= end!;
}
