import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import { type ChoicesBinding, checkChoice, choices } from './choices.js';
import type { RegionBody, RegionKind } from './contract.js';
import { IMAGE_EXAMPLE } from './image/box-kind.js';
import { keyOf } from './image/control.js';
import { classRow, ofRegion } from './outputs.js';
import { rectangle } from './rectangle.js';
import { regionReader } from './spans/reading.js';

const { boxes } = rectangle.example.outputs;

/**
 * Classes to `<Choices perRegion="true">`: what each thing is that another output of the same model shows, such as the
 * state of each box. The class numbers are [rows, n, columns], those of the first of the graph's things first.
 *
 * Format: https://labelstud.io/tags/choices, with the id and the place of the region.
 */
export const regionChoices: RegionKind<ChoicesBinding> = {
  ...(choices as RegionKind<ChoicesBinding>),
  name: 'Choices of regions',
  perItem: false,
  perRegion: true,
  describes: true,
  objectTags: ['Image'],
  needs: ['image'],

  check(target, options) {
    if (attribute(target.attributes, 'perItem') === 'true') {
      throw new AppError(
        'no_model_fits',
        `answers for regions; the config's Choices '${target.name}' has perItem="true"`,
      );
    }
    checkChoice(target, options);
  },

  encode(answer, output, { choices: names, ...rules }) {
    const count = answer.outputs[output.tensor!]!.dims.at(-2) ?? 0;
    const results: RegionBody[] = [];
    for (let index = 0; index < count; index++) {
      const { chosen, score } = classRow(ofRegion(answer, output, index), output, {
        labels: names,
        ...rules,
      });
      const labels = [...new Set(chosen.map(column => names[column]!))];
      if (labels.length === 0) continue;
      const value = { choices: labels };
      results.push({ value, regionKey: keyOf({ index }), ...(score !== null && { score }) });
    }
    // Which of them are shown is known once all controls are filled.
    return { results, score: null };
  },

  reader: ({ parsed }) =>
    regionReader(parsed.labels, 'choices', value =>
      Object.fromEntries(Object.entries(value).filter(([, each]) => Number.isFinite(each))),
    ),

  example: {
    control:
      '<Choices name="control" toName="object" perRegion="true"><Choice value="Parked"/><Choice value="Moving"/></Choices>',
    options: { choice: 'single' },
    input: IMAGE_EXAMPLE,
    output: { name: 'state', kind: 'probabilities', tensor: 'states', labels: ['moving', 'parked'] },
    outputs: {
      ...rectangle.example.outputs,
      // The second box is not shown.
      states: { type: 'float32', data: Float32Array.of(0.25, 0.75, 1, 0), dims: [1, boxes!.dims[1]!, 2] },
    },
    encoded: {
      results: [{ value: { choices: ['Parked'] }, score: 0.75, regionKey: 'box 0' }],
      score: 0.75,
    },
    target: [{ labels: ['Parked'] }],
    beside: {
      tag: 'Rectangle',
      control: '<Rectangle name="beside" toName="object"/>',
      output: rectangle.example.output,
    },
  },
};
