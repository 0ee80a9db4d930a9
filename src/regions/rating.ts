import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { BindTarget, RegionKind } from './contract.js';
import { numberOf } from './numbers.js';
import { CLASSES, VALUE } from './output-kinds.js';
import { classRow, valueRow } from './outputs.js';
import { OUTDATED, readOne, UNREADABLE } from './reading.js';
import { checkWholeTask, classesFor } from './whole-task.js';

interface RatingBinding {
  /** Stars, at most. */
  most: number;
  /** Per class of the model, in the order of its columns: its stars. Null: the output is a value. */
  stars: readonly number[] | null;
}

/** Label Studio's default of `maxRating`. */
const MOST = 5;

/**
 * Ordinal classes or a value to `<Rating>`: whole stars, 1..`maxRating`.
 *
 * A value goes to the nearest star (a half to the one above) within that range; a class is a number of stars, and one
 * beyond the range is refused. 0 stars, which the validator takes, means "not rated" to the editor.
 *
 * Format: https://labelstud.io/tags/rating
 */
export const rating: RegionKind<RatingBinding> = {
  tag: 'Rating',
  type: 'rating',
  perItem: true,
  optionsSchema: { properties: {}, required: [] },
  outputKinds: { ...CLASSES, ...VALUE },

  check(target) {
    checkWholeTask(target);
    maxRating(target);
  },

  bind(target, output) {
    const most = maxRating(target);
    if (output.kind === 'value') return { most, stars: null };
    const names = classesFor(target, output, 'one');
    const stars = names.map(numberOf);
    if (stars.every((each): each is number => Number.isInteger(each) && each! >= 1 && each! <= most))
      return { most, stars };
    throw new AppError(
      'label_mismatch',
      `predicts ${names.join(', ')}; the config's Rating '${target.name}' has 1 to ${most} stars`,
    );
  },

  encode(answer, output, { most, stars }) {
    if (stars === null) {
      const value = Math.round(valueRow(answer, output));
      return { results: [{ value: { rating: Math.min(Math.max(value, 1), most) } }], score: null };
    }
    const { chosen, score } = classRow(answer, output, { labels: stars });
    const value = { rating: stars[chosen[0]!]! };
    return { results: [score === null ? { value } : { value, score }], score };
  },

  reader(target) {
    const most = maxRating(target);
    return {
      labels: null,
      read: results =>
        readOne(results, ({ rating: stars }) => {
          if (!Number.isInteger(stars) || (stars as number) < 1) return UNREADABLE;
          return (stars as number) > most ? OUTDATED : { target: stars as number, outdated: false };
        }),
    };
  },

  example: {
    control: '<Rating name="control" toName="object" maxRating="10"/>',
    options: {},
    output: { name: 'stars', tensor: 'values', kind: 'value' },
    outputs: { values: { type: 'float64', data: Float64Array.of(7.5), dims: [1, 1] } },
    encoded: { results: [{ value: { rating: 8 } }], score: null },
    target: 8,
  },
};

function maxRating({ name, attributes }: BindTarget): number {
  const given = attribute(attributes, 'maxRating');
  const most = given === undefined ? MOST : numberOf(given);
  if (Number.isInteger(most) && most! >= 1) return most!;
  throw new AppError(
    'no_model_fits',
    `needs a Rating with a maxRating of 1 or more; the config's '${name}' has "${given}"`,
  );
}
