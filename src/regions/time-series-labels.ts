import { AppError } from '../errors.js';
import type { SeriesMeta } from '../inputs/time-series/contract.js';
import { isTimeFormat, timeWriter } from '../inputs/time-series/times.js';
import { timeSeries } from '../inputs/time-series.js';
import { attribute } from '../label-config/attribute.js';
import type { RegionBody, RegionKind } from './contract.js';
import { bindFrames, FRAME_OPTIONS, FRAMES, type FramesBinding, PEAKS } from './frames/outputs.js';
import { frameScores } from './frames/scores.js';
import { peaksOf, segmentsOf } from './frames/segments.js';
import { placeInSteps } from './frames/steps.js';
import { leastScore } from './image/control.js';
import { regionReader } from './spans/reading.js';

const NAME = 'timeserieslabels';

/**
 * Labels of steps, or moments, to `<TimeSeriesLabels>`. Lengths are in steps. `start` and `end` are the times of the first
 * and the last step of a part, as the editor writes them; `instant` is true where they are one.
 *
 * Format: https://labelstud.io/tags/timeserieslabels
 */
export const timeSeriesLabels: RegionKind<FramesBinding> = {
  tag: 'TimeSeriesLabels',
  type: NAME,
  ...FRAME_OPTIONS,
  outputKinds: { ...FRAMES, ...PEAKS },
  needs: ['time-series'],
  objectTags: ['TimeSeries'],

  check({ object, toName }) {
    const [timeColumn, timeFormat] = ['timeColumn', 'timeFormat'].map(name =>
      attribute(object?.attributes ?? {}, name),
    );
    if (timeColumn && timeFormat && !isTimeFormat(timeFormat)) {
      throw new AppError(
        'no_model_fits',
        `reads times as d3 does; the config's TimeSeries '${toName}' has timeFormat="${timeFormat}", with which no time can be read: use directives such as %Y-%m-%d %H:%M:%S`,
      );
    }
  },

  bind: bindFrames,

  encode(answer, output, binding) {
    const { times, timeFormat } = answer.metas[0] as SeriesMeta;
    const written = timeWriter(timeFormat);
    const scores = frameScores(answer, output);
    const { hop, first: lead } = scores;
    const after = (frames: number) => lead + frames * hop;
    const rules = { ...binding, minLength: binding.minLength / hop, mergeGap: binding.mergeGap / hop };
    const found = output.kind === 'peaks' ? peaksOf(scores, rules) : segmentsOf(scores, output, rules);
    const results = found.map(({ first, end, label, score }): RegionBody => {
      const start = times[Math.floor(after(first))]!;
      const last =
        output.kind === 'peaks' ? start : times[Math.min(Math.ceil(after(end) - 1e-9), times.length) - 1]!;
      return {
        value: {
          start: written(start),
          end: written(last),
          instant: start === last,
          [NAME]: [binding.labels[label]!],
        },
        score,
      };
    });
    return { results, score: leastScore(results) };
  },

  reader: ({ parsed }) => ({
    ...regionReader(parsed.labels, NAME, ({ start, end }) =>
      isTime(start) && isTime(end) ? { start, end } : undefined,
    ),
    place: placeInSteps,
  }),

  example: {
    control:
      '<TimeSeriesLabels name="control" toName="object"><Label value="Run"/><Label value="Walk"/></TimeSeriesLabels>',
    options: { min_length: 2 },
    input: { kind: timeSeries.kind, ...timeSeries.example },
    output: {
      name: 'gait',
      kind: 'frames',
      tensor: 'scores',
      labels: ['Stand', 'Run', 'Walk'],
      background: 'Stand',
    },
    outputs: {
      scores: {
        type: 'float32',
        data: Float32Array.of(1, 0, 0, 0, 0.25, 0.75, 0, 0, 1, 0.25, 0.25, 0.5),
        dims: [1, 4, 3],
      },
    },
    encoded: {
      results: [{ value: { start: 10, end: 30, instant: false, [NAME]: ['Walk'] }, score: 0.75 }],
      score: 0.75,
    },
    target: [{ start: 10, end: 30, labels: ['Walk'] }],
  },
};

function isTime(value: unknown): value is number | string {
  return Number.isFinite(value) || (typeof value === 'string' && value !== '');
}
