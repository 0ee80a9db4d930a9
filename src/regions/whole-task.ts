import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { OutputSpec } from '../registry/version.js';
import type { BindTarget } from './contract.js';

/** Attributes that make a control speak of a part of the task, each as `<attribute>="true"`. */
const PARTS = ['perRegion', 'perItem', 'labeling'] as const;

/**
 * Checks that a control takes one answer for a whole task, which is all that a classifier or regressor has.
 *
 * A result without the region that it belongs to is accepted by Label Studio's validator and shown nowhere.
 * @throws AppError `no_model_fits`
 */
export function checkWholeTask({ name, tag, attributes, pages }: BindTarget): void {
  const part = PARTS.find(each => attribute(attributes, each) === 'true' && !(pages && each === 'perItem'));
  if (part !== undefined) {
    throw new AppError(
      'no_model_fits',
      `answers for whole tasks; the config's ${tag} '${name}' has ${part}="true": take it out${part === 'perItem' ? ', or show the pages of an Image with valueList' : ''}`,
    );
  }
}

/**
 * The classes of an output that is to fill a control.
 * @throws AppError `no_model_fits` when it has none, or when it chooses any number of them and the control holds one
 */
export function classesFor(
  { name, tag }: BindTarget,
  { name: output, labels, decision }: OutputSpec,
  holds: 'one' | 'many',
): readonly string[] {
  if (labels === undefined) {
    throw new AppError(
      'no_model_fits',
      `gives a number for '${output}' and no class; the config's ${tag} '${name}' needs classes`,
    );
  }
  if (holds === 'one' && decision?.rule === 'threshold') {
    throw new AppError(
      'no_model_fits',
      `chooses any number of classes for '${output}'; the config's ${tag} '${name}' holds one`,
    );
  }
  return labels;
}
