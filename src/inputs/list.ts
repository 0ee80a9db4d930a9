import { AppError } from '../errors.js';
import { isRecord } from '../is-record.js';
import type { InputKind } from './contract.js';
import { readHtml } from './html/text.js';
import { shownValue, whereShown } from './shown/value.js';
import { FIRST_POSITION_OPTION, MAX_TOKENS_OPTION, TOKENIZER_OPTION, tokens } from './tokens.js';

/** An item of a List: its id, and what it says. */
export interface ListItem {
  id: string;
  text: string;
}

/** What `list` reads of a List tag. */
export interface ItemsValue {
  items: readonly ListItem[];
}

/**
 * The items of a List, each a row of token ids, as `tokens` makes them: its title, its body and
 * the text of its `html`, on lines of their own. Of an item of more than `max_tokens` the first ones are read.
 *
 * @example
 * { "kind": "list", "max_tokens": 128 }
 */
export const list: InputKind = {
  kind: 'list',
  objectTags: ['List'],
  optionsSchema: {
    properties: {
      tokenizer: TOKENIZER_OPTION,
      max_tokens: MAX_TOKENS_OPTION,
      first_position: FIRST_POSITION_OPTION,
    },
    required: [],
  },
  meta: 'items',

  read(data, { shown }): ItemsValue {
    const value = shownValue(data, shown);
    const where = whereShown(shown);
    if (!Array.isArray(value) || value.length === 0) {
      throw new AppError('task_invalid', `the task's data needs a list of items ${where}, and has none`);
    }
    const ids = new Set<string>();
    const items = value.map((item, index) => {
      const id = isRecord(item) ? item.id : undefined;
      if (typeof id !== 'string' && typeof id !== 'number')
        throw new AppError('task_invalid', `the item ${index} ${where} has no id`);
      if (ids.has(String(id))) throw new AppError('task_invalid', `two items ${where} have the id '${id}'`);
      ids.add(String(id));
      return { id: String(id), text: textOf(item) };
    });
    return { items };
  },

  load: tokens.load,

  example: {
    options: { tokenizer: 'words.json', max_tokens: 3 },
    object: '<List name="object" value="$items"/>',
    data: {
      items: [
        { id: 'a', title: 'Good food', body: 'and more of it' },
        { id: 2, title: 'Bad', html: '<p>food</p>' },
      ],
    },
    files: {
      'words.json': {
        format: 1,
        pattern: '\\w+',
        lowercase: true,
        vocabulary: ['<padding>', '<unknown>', 'bad', 'food', 'good'],
        unknown: 1,
        padding: 0,
      },
    },
    feeds: {
      input_ids: { type: 'int64', data: BigInt64Array.of(4n, 3n, 1n, 2n, 3n, 0n), dims: [2, 3] },
      attention_mask: { type: 'int64', data: BigInt64Array.of(1n, 1n, 1n, 1n, 1n, 0n), dims: [2, 3] },
    },
  },
};

/** A line each, as the editor shows them: https://labelstud.io/tags/list */
function textOf({ title, body, html }: Record<string, unknown>): string {
  const shown = typeof html === 'string' ? readHtml(html, true).text : undefined;
  return [title, body, shown].filter(isShown).join('\n');
}

function isShown(part: unknown): part is string | number {
  return (typeof part === 'string' && part !== '') || typeof part === 'number';
}
