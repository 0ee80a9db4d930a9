import type { FramesBinding } from '../frames/outputs.js';
import type { FrameScores } from '../frames/scores.js';
import type { Part } from './segments.js';

/** How far below the threshold speech goes on by default, and down to which score at most. */
const HYSTERESIS = 0.15;
const LEAST_OFFSET = 0.01;
/** Below a sample, what a product of decimals is off. */
const ROUNDING = 1e-6;

/** Lengths in samples. */
type Rules = Pick<FramesBinding, 'labels' | 'threshold' | 'offset' | 'minLength' | 'mergeGap'>;

/** The score down to which a part goes on, where options do not say it. */
export function defaultOffset(threshold: number): number {
  return Math.max(threshold - HYSTERESIS, LEAST_OFFSET);
}

/**
 * The parts of a recording in which a label is heard, as `get_speech_timestamps` of Silero VAD finds them, before it widens
 * them: a part begins where the score reaches `threshold`; it ends where the score fell below `offset`, once a score below
 * `offset` comes `mergeGap` or more behind that and the score did not reach `threshold` in between. Parts are longer than
 * `minLength`. The last one may be open: it then lasts until the end.
 *
 * https://github.com/snakers4/silero-vad/blob/v6.2.3/src/silero_vad/utils_vad.py (MIT), compared with it by a test.
 *
 * @param rules lengths in samples
 * @param total samples of the recording
 * @returns parts in samples, label by label
 */
export function speechParts(scores: FrameScores, rules: Rules, total: number): Part[] {
  return rules.labels.flatMap((shown, label) =>
    shown === null ? [] : partsOfLabel(scores, label, rules, total),
  );
}

function partsOfLabel(scores: FrameScores, label: number, rules: Rules, total: number): Part[] {
  const { data, count, labels: width, hop, first } = scores;
  const { threshold, offset, minLength, mergeGap } = rules;
  const parts: Part[] = [];
  let begun: number | undefined;
  let fell: number | undefined;
  const at = (frame: number) => first + frame * hop;
  const close = (from: number, frame: number, end: number) => {
    const start = at(from);
    if (end - start <= minLength + ROUNDING) return;
    let sum = 0;
    for (let each = from; each < frame; each++) sum += data[each * width + label]!;
    parts.push({ start, end, label, score: Math.min(sum / (frame - from), 1) });
  };
  for (let frame = 0; frame < count; frame++) {
    const score = data[frame * width + label]!;
    if (score >= threshold) {
      fell = undefined;
      begun ??= frame;
    } else if (begun !== undefined && score < offset) {
      fell ??= frame;
      if (at(frame) - at(fell) < mergeGap - ROUNDING) continue;
      close(begun, fell, at(fell));
      [begun, fell] = [undefined, undefined];
    }
  }
  if (begun !== undefined) close(begun, count, total);
  return parts;
}

/**
 * Widens parts on both sides. Parts of one label that would then overlap share the pause between them.
 *
 * @param parts in samples, those of a label in the order in which they begin
 * @param pad samples
 * @param total samples of the recording
 */
export function widened(parts: readonly Part[], pad: number, total: number): Part[] {
  const last = new Map<number, Part>();
  const wide: Part[] = [];
  for (const part of parts) {
    const before = last.get(part.label);
    const pause = before === undefined ? Number.POSITIVE_INFINITY : part.start - before.end;
    const own = { ...part };
    if (before !== undefined && pause < 2 * pad - ROUNDING) {
      before.end += Math.floor(pause / 2);
      own.start -= Math.floor(pause / 2);
    } else {
      if (before !== undefined) before.end = Math.trunc(before.end + pad + ROUNDING);
      own.start = Math.max(0, Math.trunc(own.start - pad + ROUNDING));
    }
    last.set(part.label, own);
    wide.push(own);
  }
  for (const part of last.values()) part.end = Math.trunc(Math.min(total, part.end + pad + ROUNDING));
  return wide;
}
