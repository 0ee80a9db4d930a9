import type { ImageMeta } from '../../../inputs/image/contract.js';
import type { OutputSpec } from '../../../registry/version.js';
import type { RowOutputs } from '../../contract.js';
import { partOf, placeOf, prototypeCount } from '../detections/place.js';
import { detect } from '../detections.js';
import type { Box } from '../geometry.js';
import type { Window } from '../mask.js';
import { cellsOf, placementOf } from './axis.js';
import type { FoundMask, MaskSelection } from './contract.js';
import { maskOf } from './cut.js';
import { checkedNumbers, floatsOf, logit } from './numbers.js';

/** The pixels whose numbers of column and row lie in a box, as `crop_mask` of Ultralytics has it. */
function windowOfBox({ x, y, width, height }: Box): Window {
  const [left, right] = [x - width / 2, x + width / 2].map(Math.ceil);
  const [top, bottom] = [y - height / 2, y + height / 2].map(Math.ceil);
  return { left: left!, top: top!, width: right! - left!, height: bottom! - top! };
}

/**
 * Masks that are mixed of prototypes, each in its box: `process_mask_native` of Ultralytics, which its option
 * `retina_masks` chooses, see https://docs.ultralytics.com/reference/utils/ops/
 */
export function* ofPrototypes(
  answer: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): Generator<FoundMask> {
  const meta = answer.metas[0] as ImageMeta;
  const prototypes = partOf(answer.outputs, output, 'prototypes')!;
  const count = prototypeCount(answer.outputs, output);
  const [height = 0, width = 0] = prototypes.dims.slice(-2);
  const first = placeOf(output, 'prototypes', prototypes, answer, [count, height, width]);
  const plane = width * height;
  const planes = Array.from({ length: count }, (_, each) =>
    floatsOf(prototypes, first + each * plane, plane),
  );
  const placement = placementOf(meta, { width, height });
  const logits = { ...output, activation: 'sigmoid' };
  const cut = logit(selection.pixel);
  for (const { label, score, box, coefficients } of detect(answer, output, selection)) {
    const data = new Float32Array(plane);
    const within = windowOfBox(box);
    // Of rows that no pixel of the box is made of none is mixed.
    const [begin, end] = cellsOf(placement.down, within.top, within.height).map(row => row * width);
    for (const [each, own] of planes.entries()) {
      const coefficient = coefficients[each]!;
      for (let cell = begin!; cell < end!; cell++) data[cell]! += coefficient * own[cell]!;
    }
    const grid = { width, height, data: checkedNumbers(logits, data) };
    const found = maskOf(grid, placement, meta, cut, { within });
    if (found !== undefined) yield { label, score, mask: found.mask, isThing: true };
  }
}
