import type { OutputSpec } from '../../registry/version.js';
import { type FramesBinding, isIndependent } from './outputs.js';
import { byLabel, type FrameScores } from './scores.js';

/** Frames that have a label in common. */
export interface Segment {
  /** The first frame. */
  first: number;
  /** The frame behind the last one. */
  end: number;
  label: number;
  /** The mean score of the label, 0..1. */
  score: number;
}

/** What of a binding decides on segments; lengths in frames. */
export type SegmentRules = Pick<FramesBinding, 'labels' | 'threshold' | 'offset' | 'minLength' | 'mergeGap'>;

/**
 * The segments of frames that are to be shown, in the order in which they begin.
 *
 * @param output of the kind `frames`
 */
export function segmentsOf(all: FrameScores, output: OutputSpec, rules: SegmentRules): Segment[] {
  const independent = isIndependent(output);
  const scores = byLabel(all, rules.labels, !independent);
  const runs = independent ? independentRuns(scores, rules) : likeliestRuns(scores, rules);
  return runs
    .map(run => ({ ...run, score: meanScore(scores, run) }))
    .filter(
      ({ first, end, score }) => end - first >= rules.minLength && (independent || score >= rules.threshold),
    )
    .sort((a, b) => a.first - b.first || a.end - b.end);
}

type Run = Omit<Segment, 'score'>;

/** Runs of frames in which the same label is the likeliest. */
function likeliestRuns(
  { data, count, labels: width }: FrameScores,
  { labels, mergeGap }: SegmentRules,
): Run[] {
  /** By label the run that is still open to be gone on with. */
  const last = new Map<number, Run>();
  const runs: Run[] = [];
  for (let frame = 0; frame < count; frame++) {
    let label = 0;
    for (let each = 1; each < width; each++)
      if (data[frame * width + each]! > data[frame * width + label]!) label = each;
    if (labels[label] === null) continue;
    extend(runs, last, label, frame, mergeGap);
  }
  return runs;
}

/** For each label the runs of frames whose score is high enough, and high enough to go on. */
function independentRuns({ data, count, labels: width }: FrameScores, rules: SegmentRules): Run[] {
  const runs: Run[] = [];
  for (let label = 0; label < width; label++) {
    if (rules.labels[label] === null) continue;
    const last = new Map<number, Run>();
    let inside = false;
    for (let frame = 0; frame < count; frame++) {
      const score = data[frame * width + label]!;
      inside = score >= (inside ? rules.offset : rules.threshold);
      if (inside) extend(runs, last, label, frame, rules.mergeGap);
    }
  }
  return runs;
}

/** Adds a frame to the last run of its label, or begins one; a gap is closed where no other label fills it. */
function extend(runs: Run[], last: Map<number, Run>, label: number, frame: number, mergeGap: number): void {
  const run = last.get(label);
  if (run && frame - run.end <= mergeGap) {
    run.end = frame + 1;
    return;
  }
  const begun = { first: frame, end: frame + 1, label };
  last.set(label, begun);
  runs.push(begun);
}

function meanScore({ data, labels }: FrameScores, { first, end, label }: Run): number {
  let sum = 0;
  for (let frame = first; frame < end; frame++) sum += data[frame * labels + label]!;
  return Math.min(Math.max(sum / (end - first), 0), 1);
}

/**
 * The moments at which a score is at its largest: no larger one of the same label lies within `mergeGap` frames.
 *
 * @param rules lengths in frames
 */
export function peaksOf(all: FrameScores, rules: SegmentRules): Segment[] {
  const { data, count, labels: width } = byLabel(all, rules.labels, false);
  const peaks: Segment[] = [];
  for (let label = 0; label < width; label++) {
    if (rules.labels[label] === null) continue;
    const candidates = Array.from({ length: count }, (_, frame) => ({
      frame,
      score: data[frame * width + label]!,
    }))
      .filter(({ score }) => score >= rules.threshold)
      .sort((a, b) => b.score - a.score || a.frame - b.frame);
    const kept: typeof candidates = [];
    for (const each of candidates) {
      // Beside a peak the scores are high as well.
      if (kept.every(({ frame }) => Math.abs(frame - each.frame) > Math.max(1, rules.mergeGap)))
        kept.push(each);
    }
    for (const { frame, score } of kept)
      peaks.push({ first: frame, end: frame + 1, label, score: Math.min(Math.max(score, 0), 1) });
  }
  return peaks.sort((a, b) => a.first - b.first);
}
