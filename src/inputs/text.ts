import { AppError } from '../errors.js';
import type { InputKind, InputPlace } from './contract.js';
import { loadFeatures } from './features/encoder.js';
import type { FeaturesSpec } from './features/spec.js';

/**
 * A text, vectorised as the version's `features.json` says.
 *
 * @example
 * { "kind": "text" }
 */
export const text: InputKind = {
  kind: 'text',
  objectTags: ['Text', 'HyperText'],
  optionsSchema: { properties: {}, required: [] },

  read: readText,

  load: folder => loadFeatures(folder, null),

  example: {
    options: {},
    object: '<Text name="object" value="$review"/>',
    data: { review: 'Good food, very very good!' },
    files: {
      'features.json': {
        format: 1,
        input: 'text',
        root: {
          type: 'text',
          analyzer: 'word',
          ngramRange: [1, 1],
          lowercase: true,
          stripAccents: null,
          stopWords: null,
          tokenPattern: '(?u)\\b\\w\\w+\\b',
          binary: false,
          terms: { vocabulary: 'vocabulary.json' },
          width: 3,
          dtype: 'float64',
        },
        layout: 'dense',
        dtype: 'float64',
        width: 3,
      } satisfies FeaturesSpec,
      'vocabulary.json': ['bad', 'good', 'very'],
    },
    feeds: { input: { type: 'float64', data: Float64Array.of(0, 2, 2), dims: [1, 3] } },
  },
};

/** @throws AppError `task_invalid` when there is no text */
export function readText(data: Readonly<Record<string, unknown>>, { key }: Pick<InputPlace, 'key'>): string {
  const value = data[key];
  if (typeof value === 'string') return value;
  throw new AppError('task_invalid', `the task's data needs a text under '${key}', and ${holds(value)}`);
}

function holds(value: unknown): string {
  if (value === undefined) return 'has nothing there';
  return `has ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`} there`;
}
