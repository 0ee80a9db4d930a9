import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { OutputSpec } from '../registry/version.js';
import type { RegionBody, RegionKind, RowOutputs } from './contract.js';
import { probability } from './failed.js';
import { IMAGE_EXAMPLE } from './image/box-kind.js';
import { keyOf } from './image/control.js';
import { THRESHOLD } from './output-kinds.js';
import { rectangle } from './rectangle.js';
import { regionReader } from './spans/reading.js';
import { TEXTS, textsOf, typedTexts } from './text-area.js';

interface Binding {
  threshold: number;
}

/** PaddleOCR's own: https://github.com/PaddlePaddle/PaddleOCR/blob/v2.7.0/tools/infer/utility.py (`drop_score`) */
const SCORE = 0.5;

const { boxes } = rectangle.example.outputs;

/**
 * Texts to `<TextArea perRegion="true">`: the text of each thing that another output of the same model shows, a box with
 * what is written in it. The first of the texts belongs to the first of the graph's things, and so on.
 *
 * Format: https://labelstud.io/tags/textarea, with the id and the place of the region.
 */
export const regionTextArea: RegionKind<Binding> = {
  tag: 'TextArea',
  name: 'TextArea of regions',
  type: 'textarea',
  perRegion: true,
  describes: true,
  objectTags: ['Image'],
  needs: ['image'],
  optionsSchema: {
    properties: {
      model_score_threshold: { ...THRESHOLD, description: 'the least score of a text (default 0.5)' },
    },
    required: [],
  },
  overridable: ['model_score_threshold'],
  outputKinds: TEXTS,

  check({ name, attributes }) {
    if (attribute(attributes, 'perItem') === 'true')
      throw new AppError(
        'no_model_fits',
        `answers for regions; the config's TextArea '${name}' has perItem="true"`,
      );
  },

  bind: (_target, _output, { model_score_threshold }) => ({
    threshold: (model_score_threshold as number | undefined) ?? SCORE,
  }),

  encode(answer, output, { threshold }) {
    const scores = output.tensors?.scores;
    const results = textsOf(answer, output).flatMap((text, index): RegionBody[] => {
      const score = scores === undefined ? null : scoreAt(answer, output, scores, index);
      if (text === '' || (score !== null && score < threshold)) return [];
      return [{ value: { text: [text] }, regionKey: keyOf({ index }), ...(score !== null && { score }) }];
    });
    // Which of them are shown is known once all controls are filled.
    return { results, score: null, inOrder: true };
  },

  reader: () =>
    regionReader([], null, value => {
      const texts = typedTexts(value);
      return texts === null ? undefined : { text: texts.join('\n') };
    }),

  example: {
    control: '<TextArea name="control" toName="object" perRegion="true"/>',
    options: {},
    input: IMAGE_EXAMPLE,
    output: { name: 'words', kind: 'texts', tensor: 'texts', tensors: { scores: 'text_scores' } },
    outputs: {
      ...rectangle.example.outputs,
      texts: { type: 'string', data: ['Total', 'of a box that is not shown'], dims: [1, boxes!.dims[1]!] },
      text_scores: { type: 'float32', data: Float32Array.of(0.75, 1), dims: [1, boxes!.dims[1]!] },
    },
    encoded: {
      results: [{ value: { text: ['Total'] }, score: 0.75, regionKey: 'box 0' }],
      score: 0.75,
      inOrder: true,
    },
    target: [{ text: 'Total', labels: [] }],
    beside: {
      tag: 'Rectangle',
      control: '<Rectangle name="beside" toName="object"/>',
      output: rectangle.example.output,
    },
  },
};

/** @throws AppError `model_failed` */
function scoreAt({ outputs, row }: RowOutputs, output: OutputSpec, tensor: string, index: number): number {
  const { data, dims } = outputs[tensor]!;
  const score = Number(data[row * (dims[1] ?? 1) + index]);
  return probability(output, score);
}
