import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { OutputSpec } from '../registry/version.js';
import type { RegionKind, RowOutputs } from './contract.js';
import { failed } from './failed.js';
import { numberOf } from './numbers.js';
import { type OutputKinds, TENSOR } from './output-kinds.js';
import { readOne, UNREADABLE } from './reading.js';
import { checkWholeTask } from './whole-task.js';

interface TextAreaBinding {
  /** Texts, at most. */
  most: number | null;
}

/**
 * Texts that the graph writes itself: strings, [rows] or [rows, texts]; with `tensors.scores`, numbers of the same shape, how
 * sure it is of each.
 */
export const TEXTS: OutputKinds = {
  texts: {
    properties: {
      tensor: TENSOR,
      tensors: { type: 'object', properties: { scores: TENSOR }, additionalProperties: false },
    },
    required: ['tensor'],
    check: checkTexts,
  },
};

/**
 * The texts of a row, without white space around them.
 * @throws AppError `model_failed` when they are no strings
 */
export function textsOf({ outputs, row }: RowOutputs, output: OutputSpec): string[] {
  const { type, data, dims } = outputs[output.tensor!]!;
  if (type !== 'string')
    throw new AppError('model_failed', `the model gives ${type} for '${output.name}', and not strings`);
  const count = dims[1] ?? 1;
  return (data as string[]).slice(row * count, (row + 1) * count).map(text => text.trim());
}

/** Checks texts and their scores when a version is loaded. @throws AppError `model_failed` */
function checkTexts(answer: RowOutputs, output: OutputSpec): void {
  textsOf(answer, output);
  const scores = output.tensors?.scores;
  if (scores === undefined) return;
  const [texts, own] = [output.tensor!, scores].map(name => answer.outputs[name]!);
  if (own!.dims.join() !== texts!.dims.join())
    throw failed(output, `scores of [${own!.dims.join(', ')}] for texts of [${texts!.dims.join(', ')}]`);
}

/** Reads what annotators typed; null: nothing. */
export function typedTexts({ text }: Readonly<Record<string, unknown>>): string[] | null {
  const texts = [text].flat().filter(each => typeof each === 'string' && each.trim() !== '');
  return texts.length === 0 ? null : (texts as string[]);
}

/**
 * Texts to `<TextArea>`, each as a submission of its own and once; no more than `maxSubmissions`. White space around a
 * text is left out, and so are texts of nothing: the validator takes an empty list, and the editor shows none.
 *
 * Format: https://labelstud.io/tags/textarea. The editor takes one string as well, and the validator a list alone.
 */
export const textArea: RegionKind<TextAreaBinding> = {
  tag: 'TextArea',
  type: 'textarea',
  perItem: true,
  optionsSchema: { properties: {}, required: [] },
  outputKinds: TEXTS,

  check: checkWholeTask,

  bind({ attributes }) {
    const most = numberOf(attribute(attributes, 'maxSubmissions') ?? '');
    return { most: most !== null && Number.isInteger(most) && most > 0 ? most : null };
  },

  encode(answer, output, { most }) {
    const texts = textsOf(answer, output).filter(text => text !== '');
    const text = [...new Set(texts)].slice(0, most ?? undefined);
    return { results: text.length === 0 ? [] : [{ value: { text } }], score: null };
  },

  reader: () => ({
    labels: null,
    read: results =>
      readOne(results, value => {
        const target = typedTexts(value);
        return target === null ? UNREADABLE : { target, outdated: false };
      }),
  }),

  example: {
    control: '<TextArea name="control" toName="object" maxSubmissions="2"/>',
    options: {},
    output: { name: 'summary', kind: 'texts', tensor: 'texts' },
    outputs: {
      texts: { type: 'string', data: ['A short summary.', ' ', ' Kürzer 😀', 'a third'], dims: [1, 4] },
    },
    encoded: { results: [{ value: { text: ['A short summary.', 'Kürzer 😀'] } }], score: null },
    target: ['A short summary.', 'Kürzer 😀'],
  },
};
