import { AppError } from '../errors.js';
import type { AudioMeta } from '../inputs/audio/contract.js';
import { audio } from '../inputs/audio.js';
import type { OutputSpec } from '../registry/version.js';
import { listedParts, type Part, SEGMENTS } from './audio/segments.js';
import { defaultOffset, speechParts, widened } from './audio/speech.js';
import type { RegionBody, RegionKind, RowOutputs } from './contract.js';
import { bindFrames, FRAME_OPTIONS, FRAMES, type FramesBinding, isIndependent } from './frames/outputs.js';
import { frameScores } from './frames/scores.js';
import { segmentsOf } from './frames/segments.js';
import { leastScore } from './image/control.js';
import { regionReader } from './spans/reading.js';

/** Places that tell a hundredth of a millisecond. */
const PLACES = 1e5;

interface AudioBinding extends FramesBinding {
  /** Whether frames become parts as Silero VAD does it. */
  silero: boolean;
  /** Seconds by which parts are widened on both sides. */
  pad: number;
}

/** What is heard, in samples. */
function partsOf(answer: RowOutputs, output: OutputSpec, binding: AudioBinding): Part[] {
  const { rate, total } = answer.metas[0] as AudioMeta;
  if (output.kind === 'segments')
    return listedParts(answer, output, binding).map(part => ({
      ...part,
      start: part.start * rate,
      end: part.end * rate,
    }));
  const scores = frameScores(answer, output);
  const [minLength, mergeGap] = [binding.minLength * rate, binding.mergeGap * rate];
  if (binding.silero) return speechParts(scores, { ...binding, minLength, mergeGap }, total);
  const { hop, first: lead } = scores;
  // What is so many frames long shall count as that, whatever the last bit of the division.
  const rules = { ...binding, minLength: minLength / hop - 1e-9, mergeGap: mergeGap / hop + 1e-9 };
  return segmentsOf(scores, output, rules).map(({ first, end, label, score }) => ({
    start: lead + first * hop,
    end: lead + end * hop,
    label,
    score,
  }));
}

/**
 * Labels of frames, or listed parts, to `<Labels>` on Audio. Lengths, `start` and `end` are in seconds.
 *
 * Format: https://labelstud.io/tags/labels
 */
export const audioLabels: RegionKind<AudioBinding> = {
  tag: 'Labels',
  name: 'Labels on Audio',
  type: 'labels',
  optionsSchema: {
    ...FRAME_OPTIONS.optionsSchema,
    properties: {
      ...FRAME_OPTIONS.optionsSchema.properties,
      method: {
        enum: ['runs', 'silero'],
        description: 'how frames become parts (default runs); silero: as get_speech_timestamps of Silero VAD',
      },
      pad: {
        type: 'number',
        minimum: 0,
        description: 'seconds by which a part is widened on both sides (default 0)',
      },
    },
  },
  overridable: [...FRAME_OPTIONS.overridable, 'pad'],
  outputKinds: { ...FRAMES, ...SEGMENTS },
  needs: ['audio'],
  objectTags: ['Audio'],

  check() {},

  bind(target, output, options, rules = {}) {
    const { pad, method, offset_threshold } = options as {
      pad?: number;
      method?: string;
      offset_threshold?: number;
    };
    const silero = method === 'silero';
    if (silero && !(output.kind === 'frames' && isIndependent(output)))
      throw new AppError(
        'no_model_fits',
        `has the output ${output.name}, of which the method "silero" makes no parts: it takes frames of one label, or of independent ones`,
      );
    const binding = bindFrames(target, output, options, rules);
    const offset =
      silero && offset_threshold === undefined ? defaultOffset(binding.threshold) : binding.offset;
    return { ...binding, offset, silero, pad: pad ?? 0 };
  },

  encode(answer, output, binding) {
    const { duration, channel, rate, total } = answer.metas[0] as AudioMeta;
    const heard = partsOf(answer, output, binding);
    const found = binding.pad > 0 ? widened(heard, binding.pad * rate, total) : heard;
    found.sort((a, b) => a.start - b.start || a.end - b.end);
    const within = (samples: number) => Math.min(Math.round((samples / rate) * PLACES) / PLACES, duration);
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
