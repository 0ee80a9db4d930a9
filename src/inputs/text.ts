import type { InputKind } from './contract.js';
import { loadFeatures } from './features/encoder.js';
import type { FeaturesSpec } from './features/spec.js';
import { textForTraining } from './html/training.js';
import { readContent } from './shown/text.js';

/**
 * A text, or the text that an HTML document shows, vectorised as the version's `features.json` says.
 *
 * @example
 * { "kind": "text" }
 */
export const text: InputKind = {
  kind: 'text',
  objectTags: ['Text', 'HyperText'],
  optionsSchema: { properties: {}, required: [] },

  read: readContent,

  learnt: (data, place) => textForTraining(readContent(data, place)),

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
