import type { ImageMeta } from '../inputs/image/contract.js';
import { editorFrame, type VideoMeta } from '../inputs/video/contract.js';
import { video } from '../inputs/video.js';
import type { OutputSpec } from '../registry/version.js';
import type { RegionBody, RegionKind, RowOutputs } from './contract.js';
import {
  configLabels,
  DETECTION_OPTIONS,
  type DetectionBinding,
  leastScore,
  selectionOf,
} from './image/control.js';
import { type Detection, detect } from './image/detections.js';
import { clipped, percent } from './image/geometry.js';
import { DETECTIONS } from './image/kinds.js';
import { regionReader } from './spans/reading.js';
import { eachFrame } from './video/frames.js';
import { type KeyFrame, simplified, type Track, tracksOf } from './video/tracks.js';

interface Binding extends DetectionBinding {
  trackOverlap: number;
  /** Seconds. */
  trackGap: number;
  /** Frames that were read. */
  trackLength: number;
}

/** What was found in one of the frames that were read. */
interface Found {
  at: number;
  found: Detection[];
}

/** Percents by which a box may be off where it has no key frame of its own. */
const TOLERANCE = 0.5;
const OVERLAP = 0.3;
const GAP_SECONDS = 1;

/**
 * Detections in the frames of a video to `<VideoRectangle>`: those of one thing are one region, with key frames between which
 * it moves evenly. Turned boxes are given as the straight ones around them. Labels are those of the `<Labels>` on the same
 * Video; without one there are none. Of models that take clips, the tensors have frames as their second axis.
 *
 * Format: https://labelstud.io/tags/videorectangle
 */
export const videoRectangle: RegionKind<Binding> = {
  tag: 'VideoRectangle',
  type: 'videorectangle',
  optionsSchema: {
    properties: {
      ...DETECTION_OPTIONS.optionsSchema.properties,
      track_iou: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        description:
          'how much a thing must overlap itself from one frame that is read to the next (default 0.3)',
      },
      track_gap: {
        type: 'number',
        minimum: 0,
        description: 'seconds for which it may be out of sight (default 1)',
      },
      track_length: {
        type: 'integer',
        minimum: 1,
        description: 'frames that are read in which it must be seen (default 1)',
      },
    },
    required: [],
  },
  overridable: [...DETECTION_OPTIONS.overridable, 'track_iou', 'track_gap', 'track_length'],
  outputKinds: DETECTIONS,
  needs: ['video'],
  objectTags: ['Video'],

  check() {},

  bind(target, output, options, rules = {}) {
    const { labelsBeside } = target;
    const names = output.labels!.map(name => (name === output.background ? null : name));
    const labels =
      labelsBeside === undefined ? null : configLabels({ ...labelsBeside, tag: 'Labels' }, names, rules);
    const { track_iou, track_gap, track_length } = options as Record<string, number | undefined>;
    return {
      labels,
      ...selectionOf(output, options),
      trackOverlap: track_iou ?? OVERLAP,
      trackGap: track_gap ?? GAP_SECONDS,
      trackLength: track_length ?? 1,
    };
  },

  part: detectInFrames,

  encode(answer, output, binding) {
    const { labels, trackOverlap, trackGap, trackLength } = binding;
    const parts = [...((answer.before ?? []) as Found[][]), detectInFrames(answer, output, binding)];
    const meta = answer.metas[0] as VideoMeta;
    // What two clips share was seen twice.
    const frames = new Map(parts.flat().map(({ at, found }) => [at, found]));
    const seen = [...frames].map(([at, found]) => ({ at, found })).sort((a, b) => a.at - b.at);
    const tracks = tracksOf(seen, { overlap: trackOverlap, gap: trackGap / meta.step + 1e-9 });
    const results = tracks
      .filter(({ sights }) => sights.length >= trackLength)
      .map((track): RegionBody => {
        const { framesCount, duration } = meta.video;
        const value = { framesCount, duration, sequence: sequenceOf(track, meta) };
        const scores = track.sights.map(({ score }) => score);
        const score = scores.reduce((sum, each) => sum + each, 0) / scores.length;
        return { value: labels === null ? value : { ...value, labels: [labels[track.label]!] }, score };
      });
    return { results, score: leastScore(results) };
  },

  reader: ({ labelsBeside }) =>
    regionReader(
      labelsBeside?.parsed.labels ?? [],
      labelsBeside === undefined ? null : 'labels',
      ({ sequence }) => (Array.isArray(sequence) && sequence.length > 0 ? { sequence } : undefined),
    ),

  example: {
    control:
      '<VideoRectangle name="control" toName="object"/><Labels name="labels" toName="object"><Label value="Car" predicted_values="car"/><Label value="Bus"/></Labels>',
    options: {},
    input: { kind: video.kind, ...video.example },
    output: {
      name: 'objects',
      kind: 'boxes',
      tensors: { boxes: 'boxes', scores: 'scores' },
      labels: ['car'],
    },
    outputs: {
      boxes: { type: 'float32', data: Float32Array.of(0, 0, 0.5, 0.5, 0.25, 0, 0.75, 0.5), dims: [2, 1, 4] },
      scores: { type: 'float32', data: Float32Array.of(0.75, 0.875), dims: [2, 1, 1] },
    },
    encoded: {
      results: [
        {
          value: {
            framesCount: 2,
            duration: 0.2,
            sequence: [
              { frame: 1, enabled: true, x: 0, y: 0, width: 50, height: 50, rotation: 0, time: 0.1 },
              { frame: 2, enabled: true, x: 25, y: 0, width: 50, height: 50, rotation: 0, time: 0.2 },
            ],
            labels: ['Car'],
          },
          score: 0.8125,
        },
      ],
      score: 0.8125,
    },
    target: [
      {
        sequence: [
          { frame: 1, enabled: true, x: 0, y: 0, width: 50, height: 50, rotation: 0, time: 0.1 },
          { frame: 2, enabled: true, x: 25, y: 0, width: 50, height: 50, rotation: 0, time: 0.2 },
        ],
        labels: ['Car'],
      },
    ],
  },
};

/** @throws AppError `model_failed` */
function detectInFrames(answer: RowOutputs, output: OutputSpec, binding: Binding): Found[] {
  const { labels } = binding;
  const selection = { ...binding, wants: (label: number) => labels === null || labels[label] !== null };
  return Array.from(eachFrame(answer, output), ({ at, ...frame }): Found => {
    const image = frame.metas[0] as ImageMeta;
    const found = detect(frame, output, selection).flatMap(each => {
      const box = clipped(each.box, image);
      return box === undefined ? [] : [{ ...each, box }];
    });
    return { at, found };
  });
}

/** A track as the editor has it: `enabled` is false at the last frame in which it shows. */
function sequenceOf({ sights }: Track, { video, step, total, image }: VideoMeta) {
  const frames: KeyFrame[] = [];
  for (const { at, box } of sights) {
    const frame = editorFrame(video, at * step);
    // Of several that are read for one frame of the editor the first counts.
    if (frame === frames.at(-1)?.frame) continue;
    frames.push({
      frame,
      x: percent(box.x - box.width / 2, image.width),
      y: percent(box.y - box.height / 2, image.height),
      width: percent(box.width, image.width),
      height: percent(box.height, image.height),
    });
  }
  const goesOn = sights.at(-1)!.at === total - 1;
  return simplified(frames, TOLERANCE).map(({ frame, ...place }, index, all) => ({
    frame,
    enabled: index < all.length - 1 || goesOn,
    ...place,
    rotation: 0,
    time: frame / video.frameRate,
  }));
}
