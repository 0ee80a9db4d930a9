import type { PlainTensor } from '../../src/inputs/contract.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { PAIRS, type Pair } from '../support/example-models.js';

const floats = (dims: readonly number[], ...data: number[]): PlainTensor => ({
  type: 'float32',
  data: Float32Array.from(data),
  dims,
});

/** A model that gives something else than the example of a pair. */
function variant(
  model: string,
  name: string,
  output: OutputSpec,
  outputs: Record<string, PlainTensor>,
): Pair {
  const pair = PAIRS.find(each => each.model === model)!;
  return { ...pair, model: `${model}-${name}`, shown: { ...pair.shown, output, outputs } };
}

const classes = (name: string, labels: string[], kind = 'probabilities'): OutputSpec => ({
  name,
  kind,
  tensor: 'classes',
  labels,
});
const row = { classes: floats([1, 3], 0.25, 0.625, 0.125) };

/** Spans that every text has: of one character. The entities of the example are those of its own text. */
const spans: OutputSpec = {
  name: 'entities',
  kind: 'spans',
  tensors: { starts: 'starts', ends: 'ends', labels: 'labels', scores: 'scores', relations: 'relations' },
  labels: ['Person', 'ORG'],
  unit: 'characters',
  relation_labels: ['child', 'employer'],
};

/** The models of the examples of all tables, and some for kinds of output that those do not have. */
export const MODELS: readonly Pair[] = [
  ...PAIRS.filter(({ shown }) => shown.output.kind !== 'spans'),
  variant('tokens-labels-1', 'of-one', spans, {
    starts: floats([1, 2], 0, 0),
    ends: floats([1, 2], 1, 1),
    labels: floats([1, 2], 0, 1),
    scores: floats([1, 2], 0.75, 0.875),
    relations: floats([1, 2, 2, 2], 0, 0, 0.75, 0.25, 0, 0.625, 0, 0),
  }),
  variant('text-choices-0', 'scores', classes('topics', ['billing', 'Delivery', 'broken'], 'scores'), row),
  variant('text-rating-0', 'classes', classes('stars', ['1', '3', '5']), row),
  variant('tokens-number-0', 'classes', classes('share', ['0', '0.5', '1']), row),
  variant('text-taxonomy-0', 'scores', classes('species', ['Other', 'Cat', 'Dog'], 'scores'), row),
  variant(
    'time-series-timeserieslabels-0',
    'peaks',
    { name: 'gait', kind: 'peaks', tensor: 'scores', labels: ['Run', 'Walk'] },
    { scores: floats([1, 4, 2], 0.75, 0, 0.25, 0.5, 0.5, 0.875, 0, 0) },
  ),
  variant(
    'image-rectanglelabels-0',
    'detections',
    {
      name: 'boxes',
      kind: 'detections',
      tensor: 'found',
      columns: ['left', 'top', 'right', 'bottom', 'score', 'class'],
      labels: ['car', 'bus'],
    },
    { found: floats([1, 2, 6], 0, 0, 1, 2, 0.75, 0, 0.5, 0.5, 2, 2, 0.625, 1) },
  ),
];
