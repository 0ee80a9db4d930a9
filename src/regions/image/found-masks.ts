import type { OutputSpec } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import type { FoundMask, MaskSelection } from './masks/contract.js';
import { asked, listed } from './masks/listed.js';
import { ofPrototypes } from './masks/prototypes.js';
import { segments } from './masks/segmentation.js';

export type { FoundMask, MaskSelection } from './masks/contract.js';

type Finder = (answer: RowOutputs, output: OutputSpec, selection: MaskSelection) => Generator<FoundMask>;

const FINDERS: Readonly<Record<string, Finder>> = {
  segmentation: segments,
  masks: listed,
  prompted: asked,
  detections: ofPrototypes,
  yolo: ofPrototypes,
};

/**
 * The masks that a model found, the surest first; none is empty. Each is made when it is asked for.
 *
 * @throws AppError `model_failed` when a tensor is of another shape than the output declares, or a number is NaN or out of
 *   range
 * @throws AppError `version_invalid` when the output contradicts itself
 */
export function findMasks(
  answer: RowOutputs,
  output: OutputSpec,
  selection: MaskSelection,
): Generator<FoundMask> {
  return FINDERS[output.kind]!(answer, output, selection);
}
