import type { ImageMeta } from '../../inputs/image/contract.js';
import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed, probability } from '../failed.js';
import { checkLabel, contradiction } from './detections/activation.js';
import { listed } from './detections/boxes.js';
import { columned } from './detections/columns.js';
import type { Candidates, Decoder, Detection, ObjectPoint, Selection } from './detections/contract.js';
import { raw } from './detections/yolo.js';
import { type Box, inOriginal, type Point } from './geometry.js';
import { suppress, suppressTurned } from './overlap.js';

export type { Detection, Selection } from './detections/contract.js';

const DECODERS: Readonly<Record<string, Decoder>> = { boxes: listed, detections: columned, yolo: raw };

/** A candidate that scores enough. */
interface Sure {
  index: number;
  label: number;
  score: number;
}

/**
 * The objects that a detector found, the surest first.
 *
 * @throws AppError `model_failed` when the tensors do not fit what the output declares, a score is not 0 to 1, a box is
 *   no number or a label is none of the output's
 * @throws AppError `version_invalid` when the output contradicts itself
 */
export function detect(answer: RowOutputs, output: OutputSpec, selection: Selection): Detection[] {
  const meta = answer.metas[0] as ImageMeta;
  const candidates = DECODERS[output.kind]!(answer, output);
  const scale: Point = output.unit === 'relative' ? [meta.tensorWidth, meta.tensorHeight] : [1, 1];
  if (candidates.turned && scale[0] !== scale[1])
    throw contradiction(
      output,
      `the unit "relative" for turned boxes, which ${scale.join(' x ')} pixels that are no square make ambiguous`,
    );
  const found = sure(candidates, output, selection).flatMap(each => {
    const box = candidates.box(each.index);
    if (!Object.values(box).every(Number.isFinite)) throw failed(output, 'a box that is no number');
    // Whose right side is left of its left one covers nothing.
    return box.width < 0 || box.height < 0 ? [] : [{ ...each, box: scaled(box, scale) }];
  });
  return apart(found, output, candidates, selection)
    .slice(0, selection.most)
    .map(({ index, label, score, box }) => ({
      index,
      key: output.multi_label === true ? `box ${index}.${label}` : `box ${index}`,
      label,
      score,
      box: boxInOriginal(meta, box),
      points: candidates.points(index).map(point => checkedPoint(output, meta, point, scale)),
      coefficients: candidates.coefficients(index),
    }));
}

/** The pairs of a candidate and a label that are wanted and score enough, the surest first. */
function sure({ count, scores }: Candidates, output: OutputSpec, { threshold, wants }: Selection): Sure[] {
  const found: Sure[] = [];
  for (let index = 0; index < count; index++) {
    scores(index, (label, number) => {
      const score = probability(output, number);
      if (score <= threshold) return;
      checkLabel(output, label);
      if (wants(label)) found.push({ index, label, score });
    });
  }
  return found.sort((a, b) => b.score - a.score);
}

function apart<T extends Sure & { box: Box }>(
  found: readonly T[],
  { kind }: OutputSpec,
  { turned }: Candidates,
  { overlap, most }: Selection,
): readonly T[] {
  if (overlap === null) return found;
  return kind === 'yolo' && turned ? suppressTurned(found, overlap) : suppress(found, overlap, most);
}

function scaled(box: Box, [x, y]: Point): Box {
  return { x: box.x * x, y: box.y * y, width: box.width * x, height: box.height * y, angle: box.angle };
}

/** The two axes of the tensor may be scaled by different factors, which turns a turned box a little. */
function boxInOriginal(meta: ImageMeta, { x, y, width, height, angle }: Box): Box {
  const [middleX, middleY] = inOriginal(meta, [x, y]);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    x: middleX,
    y: middleY,
    width: Math.hypot((width * cos) / meta.scaleX, (width * sin) / meta.scaleY),
    height: Math.hypot((height * sin) / meta.scaleX, (height * cos) / meta.scaleY),
    angle: angle === 0 ? 0 : Math.atan2(sin / meta.scaleY, cos / meta.scaleX),
  };
}

function checkedPoint(
  output: OutputSpec,
  meta: ImageMeta,
  { place: [x, y], score }: ObjectPoint,
  [toX, toY]: Point,
): ObjectPoint {
  const place = inOriginal(meta, [x * toX, y * toY]);
  if (!place.every(Number.isFinite)) throw failed(output, 'a key point that is no number');
  return { place, score: score === null ? null : probability(output, score, null) };
}

/** Everything that an output finds, for the check when a version is loaded. */
export const EVERYTHING: Selection = {
  threshold: 0,
  overlap: null,
  most: Number.POSITIVE_INFINITY,
  wants: () => true,
};
