import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { BindTarget, RegionKind } from './contract.js';
import { type NumberRange, nearest, numberOf } from './numbers.js';
import { CLASSES, VALUE } from './output-kinds.js';
import { classRow, valueRow } from './outputs.js';
import { OUTDATED, readOne, UNREADABLE } from './reading.js';
import { checkWholeTask, classesFor } from './whole-task.js';

interface NumberBinding {
  range: NumberRange;
  /** Per class of the model, in the order of its columns: its number. Null: the output is a value. */
  numbers: readonly number[] | null;
}

/** The attributes that say which numbers a control takes. */
const RANGE = ['min', 'max', 'step'] as const;

/**
 * A value, or classes that are numbers, to `<Number>`.
 *
 * A value goes to the nearest number that the control's `min`, `max` and `step` allow, because the editor refuses to
 * submit any other (the validator takes them all, and NaN). Without `step` every number is allowed. A class that the
 * control does not allow is refused.
 *
 * Format: https://labelstud.io/tags/number
 */
export const number: RegionKind<NumberBinding> = {
  tag: 'Number',
  type: 'number',
  perItem: true,
  optionsSchema: { properties: {}, required: [] },
  outputKinds: { ...CLASSES, ...VALUE },

  check(target) {
    checkWholeTask(target);
    rangeOf(target);
  },

  bind(target, output) {
    const range = rangeOf(target);
    if (output.kind === 'value') return { range, numbers: null };
    const names = classesFor(target, output, 'one');
    const numbers = names.map(numberOf);
    if (numbers.every((each): each is number => each !== null && nearest(each, range) === each))
      return { range, numbers };
    throw new AppError(
      'label_mismatch',
      `predicts ${names.join(', ')}; the config's Number '${target.name}' takes ${described(target)}`,
    );
  },

  encode(answer, output, { range, numbers }) {
    if (numbers === null) {
      return {
        results: [{ value: { number: nearest(valueRow(answer, output), range) } }],
        score: null,
      };
    }
    const { chosen, score } = classRow(answer, output, { labels: numbers });
    const value = { number: numbers[chosen[0]!]! };
    return { results: [score === null ? { value } : { value, score }], score };
  },

  reader(target) {
    const { min, max } = rangeOf(target);
    return {
      labels: null,
      // A number between the steps says as much as before the config had them.
      read: results =>
        readOne(results, ({ number: value }) => {
          if (typeof value !== 'number' || !Number.isFinite(value)) return UNREADABLE;
          const isInside = (min === null || value >= min) && (max === null || value <= max);
          return isInside ? { target: value, outdated: false } : OUTDATED;
        }),
    };
  },

  example: {
    control: '<Number name="control" toName="object" min="0" max="1" step="0.05"/>',
    options: {},
    output: { name: 'share', tensor: 'values', kind: 'value' },
    outputs: { values: { type: 'float32', data: Float32Array.of(0.34), dims: [1] } },
    encoded: { results: [{ value: { number: 0.35 } }], score: null },
    target: 0.35,
  },
};

function rangeOf({ name, attributes }: BindTarget): NumberRange {
  const [low = '', high = '', width] = RANGE.map(each => attribute(attributes, each));
  const min = numberOf(low);
  const max = numberOf(high);
  const step = width === undefined ? null : numberOf(width);
  const isStep = step === null ? width === undefined : step > 0;
  if (isStep && (min ?? Number.NEGATIVE_INFINITY) <= (max ?? Number.POSITIVE_INFINITY)) {
    return { min, max, step, decimals: Math.max(decimalsOf(low), decimalsOf(width ?? '')) };
  }
  throw new AppError(
    'no_model_fits',
    `needs a Number that some number fits; the config's '${name}' has ${shown(attributes)}`,
  );
}

/** Digits behind the point of a number in decimal or scientific notation. */
function decimalsOf(text: string): number {
  const [, fraction = '', exponent = '0'] = /^[^.e]*(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text.trim()) ?? [];
  return Math.max(fraction.length - Number(exponent), 0);
}

function described({ attributes }: BindTarget): string {
  return `numbers${RANGE.some(each => attribute(attributes, each)) ? ` of ${shown(attributes)}` : ''}`;
}

function shown(attributes: Readonly<Record<string, string>>): string {
  return RANGE.flatMap(each => {
    const given = attribute(attributes, each);
    return given === undefined ? [] : `${each}="${given}"`;
  }).join(' ');
}
