import type { RegionKind } from './contract.js';
import { numberOf } from './numbers.js';
import { TEXTS } from './output-kinds.js';
import { textsRow } from './outputs.js';
import { readOne, UNREADABLE } from './reading.js';
import { checkWholeTask } from './whole-task.js';

interface TextAreaBinding {
  /** Texts, at most. */
  most: number | null;
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
  optionsSchema: { properties: {}, required: [] },
  outputKinds: TEXTS,

  check: checkWholeTask,

  bind({ attributes }) {
    const most = numberOf(attributes.maxSubmissions ?? '');
    return { most: most !== null && Number.isInteger(most) && most > 0 ? most : null };
  },

  encode(answer, output, { most }) {
    const text = textsRow(answer, output).slice(0, most ?? undefined);
    return { results: text.length === 0 ? [] : [{ value: { text } }], score: null };
  },

  reader: () => ({
    labels: null,
    read: results =>
      readOne(results, ({ text }) => {
        const texts = [text].flat().filter(each => typeof each === 'string' && each.trim() !== '');
        return texts.length === 0 ? UNREADABLE : { target: texts as string[], outdated: false };
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
