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
 * The items of a List, each a row of token ids, as `tokens` makes them: its title, its body and the text of its `html`, on
 * lines of their own. Of an item of more than `max_tokens` the first ones are read. A list of no items has no row.
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
    if (!Array.isArray(value)) {
      throw new AppError('task_invalid', `the task's data needs a list of items ${where}, and has none`);
    }
    const seen = new Map<string, number>();
    const items = value.map((item: unknown, index): ListItem => {
      const wrong = (what: string) => new AppError('task_invalid', `the item ${index} ${where} ${what}`);
      if (!isRecord(item)) throw wrong('is no object: items look like {"id": "a", "title": "A title"}');
      const given = item.id;
      if (typeof given !== 'string' && typeof given !== 'number')
        throw wrong('has no id: give each a text or a number that no other has');
      const id = String(given);
      const other = seen.get(id);
      if (other !== undefined)
        throw wrong(`has the id '${id}' of the item ${other}: Label Studio shows one of the two`);
      seen.set(id, index);
      return { id, text: textOf(item, wrong) };
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

/**
 * What the editor shows of an item, but for its id: https://labelstud.io/tags/list
 * @throws what `wrong` makes of a part that it cannot show
 */
function textOf(item: Readonly<Record<string, unknown>>, wrong: (what: string) => AppError): string {
  const parts = ['title', 'body', 'html'].map(name => {
    const part = item[name];
    if (typeof part === 'object' && part !== null) throw wrong(`has a ${name} that is no text`);
    const text = typeof part === 'string' || typeof part === 'number' ? String(part) : '';
    return name === 'html' && text !== '' ? readHtml(text, true).text : text;
  });
  return parts.filter(part => part !== '').join('\n');
}
