import { assert } from 'chai';
import { AppError } from '../../../src/errors.js';
import { parseShown } from '../../../src/inputs/shown/value.js';
import { takeValue } from '../../../src/inputs/values.js';
import type { Context } from '../../../src/model.js';

const place = {
  object: 'i',
  tag: 'Image',
  attributes: {},
  shown: parseShown('$doc.pages'),
  isUrl: false,
  pages: true,
} as const;
const data = { doc: { pages: ['a.png', 'b.png', 'c.png'] } };

function read(kind: string, context: Context | null, of: Record<string, unknown> = data): unknown {
  return takeValue({ id: 1, data: of }, { place, input: { kind }, context });
}

const drawn = (item_index: number | undefined, to_name = 'i') => ({
  id: `at ${item_index}`,
  type: 'rectangle',
  from_name: 'r',
  to_name,
  value: { x: 10, y: 10, width: 20, height: 20 },
  ...(item_index !== undefined && { item_index }),
});

describe('the pages of an Image', () => {
  it('are all read, each by its own address', () => {
    for (const context of [
      null,
      { result: [] },
      { result: [drawn(1, 'another')] },
      { result: 'odd' } as never,
    ])
      assert.deepEqual(read('image', context), {
        pages: [0, 1, 2].map(item => ({ item, value: { file: data.doc.pages[item] } })),
      });
  });

  it('are those that an annotator has drawn on, with what is on each', () => {
    const result = [drawn(2), drawn(undefined)];
    const { pages } = read('ocr', { result } as never) as {
      pages: { item: number; value: { drawn: unknown } }[];
    };
    assert.deepEqual(pages, [
      { item: 0, value: { file: 'a.png', drawn: [result[1]] } },
      { item: 2, value: { file: 'c.png', drawn: [result[0]] } },
    ] as never);
    const prompts = read('image-prompts', { result: [drawn(1)] } as never) as { pages: { value: unknown }[] };
    assert.lengthOf(prompts.pages, 1);
    assert.deepInclude(prompts.pages[0]!.value, { file: 'b.png' });
    assert.deepNestedInclude(prompts, { 'pages[0].value.prompts.rectangle.x': 10 });
  });

  it('are refused where something was drawn on none of them', () => {
    const at = (item_index: unknown) => ({ ...drawn(0), item_index });
    for (const item of [3, 7, -1, 0.5, '1', '', [], [1], {}, true, 'length', 1e21, { toString: 0 }])
      for (const result of [[at(item)], [drawn(1), at(item)]])
        for (const kind of ['image', 'ocr', 'image-prompts'])
          assert.throws(
            () => read(kind, { result } as never),
            AppError,
            `on the page item_index=${JSON.stringify(item)} of 'i', and the task has the pages 0 to 2 under 'doc.pages'`,
          );
    assert.deepEqual(read('image', { result: [at(null)] } as never), {
      pages: [{ item: 0, value: { file: 'a.png' } }],
    });
  });

  it('are missed where there is no list', () => {
    for (const pages of [[], '', null, 5, {}])
      assert.throws(
        () => read('image', null, { doc: { pages } }),
        AppError,
        "a list of images under 'doc.pages', and has none",
      );
    assert.throws(
      () => read('image', null, { doc: { pages: ['a.png', 5] } }),
      AppError,
      'needs the address of a file',
    );
  });
});
