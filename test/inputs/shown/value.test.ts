import { assert } from 'chai';
import { get } from 'es-toolkit/compat';
import fc from 'fast-check';
import { AppError } from '../../../src/errors.js';
import { parsePath, valueAt } from '../../../src/inputs/shown/path.js';
import { parseShown, shownValue, whereShown, written } from '../../../src/inputs/shown/value.js';

type Data = Record<string, unknown>;

const shown = (source: string, data: Data) => shownValue(data, parseShown(source));

/** The editor's own rule, with the `get` that Label Studio 1.23.2 has. */
function parseValue(value: string, task: Data): unknown {
  const variable = /\$[\w[\].{}]+/gi;
  if (!value) return '';
  if (value.match(variable)?.[0] === value) return get(task, value.slice(1)) ?? '';
  return value.replace(variable, each => get(task, each.slice(1)) as string);
}

const name = fc.constantFrom('a', 'b', 'text', '0', '1', '1.5', 'a.b', 'a[0]', '', '_x', '{a}', 'é');
const path = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      'text',
      '0',
      '1',
      '1.5',
      '.',
      '[',
      ']',
      '{',
      '}',
      '..',
      '[]',
      '[0]',
      '[a]',
      '.b',
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map(parts => parts.join(''));
const { tree } = fc.letrec<{ tree: unknown; leaf: unknown }>(tie => ({
  leaf: fc.oneof(fc.constantFrom('x', 'Good food', '', 5, 0.5, true, null)),
  tree: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.dictionary(name, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(tie('tree'), { maxLength: 3 }),
  ),
}));
const task = fc.dictionary(name, tree, { maxKeys: 6, noNullPrototype: true });

describe('the value that a tag shows', () => {
  it('is that of a key, of a path, or of a text with such in it', () => {
    const data = {
      text: 'plain',
      review: { body: 'nested', lines: [{ text: 'first' }, null] },
      'meta.fps': 10,
      title: 'Meal',
      n: 5,
    };
    assert.equal(shown('$text', data), 'plain');
    assert.equal(shown('$review.body', data), 'nested');
    assert.equal(shown('$review.lines[0].text', data), 'first');
    assert.equal(shown('$review[lines][0][text]', data), 'first');
    assert.equal(shown('$meta.fps', data), 10);
    assert.equal(shown('$title: $review.body', data), 'Meal: nested');
    assert.equal(shown('Review: $n of $text', data), 'Review: 5 of plain');
    assert.equal(shown('Good food', data), 'Good food');
    assert.equal(shown('text', data), 'text');
    assert.deepEqual(shown('$review.lines', data), data.review.lines);
  });

  it('is that of the key itself, whatever its characters', () => {
    assert.equal(shown('$Review Text', { 'Review Text': 'a', Review: 'b' }), 'a');
    assert.equal(shown('$技术支持', { 技术支持: 'a' }), 'a');
    assert.equal(shown('$a.b', { 'a.b': 'own', a: { b: 'nested' } }), 'own');
    assert.equal(shown('$a-b', { 'a-b': 'a' }), 'a');
  });

  it('is nothing where there is nothing, and the word that the editor shows within a text', () => {
    for (const source of ['$text', '$a.b', '$a[0].b', '$toString', '$a.constructor'])
      assert.isUndefined(shown(source, { a: {} }), source);
    assert.isNull(shown('$a', { a: null }));
    assert.equal(shown('$a and $b', { a: null }), 'null and undefined');
  });

  it('is no text with what cannot be written in it', () => {
    assert.throws(() => shown('$a!', { a: { toString: 0 } }), AppError, 'cannot be written as a text');
  });

  it('is no text with an object in it, of which the editor shows `[object Object]`', () => {
    const data = { a: { b: { c: 1 } }, lists: [[1, { c: 2 }]], said: '[object Object]' };
    for (const [source, path, kind] of [
      [' $a ', 'a', 'an object'],
      ['$a.b and $said', 'a.b', 'an object'],
      ['$said: $lists', 'lists', 'a list of objects'],
    ] as const)
      assert.throws(
        () => shown(source, data),
        AppError,
        `the task's data needs a text under '${path}' (which '${source}' shows), and has ${kind} there`,
      );
    assert.equal(shown(' $said ', data), ' [object Object] ');
    assert.equal(shown('$a', data), data.a);
  });

  it('follows paths as the editor does', () => {
    const isInherited = (value: unknown) => typeof value === 'function';
    fc.assert(
      fc.property(path, task, (text, data) => {
        const expected: unknown = get(data, text);
        assert.deepEqual(valueAt(data, parsePath(text)), isInherited(expected) ? undefined : expected);
      }),
      { numRuns: 20_000 },
    );
  });

  it("is what the editor's own rule gives, where no key has the name", () => {
    const text = fc.array(
      fc.oneof(
        path.map(each => `$${each}`),
        fc.constantFrom(' ', ': ', 'Review', '$', '$$', 'ß'),
      ),
      {
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(text, task, (parts, data) => {
        const source = parts.join('');
        const expected = parseValue(source, data);
        if (typeof expected === 'string' && expected.includes('[object Object]'))
          assert.throws(() => shown(source, data), AppError, 'needs a text');
        else assert.deepEqual(shown(source, data) ?? '', expected);
      }),
      { numRuns: 20_000 },
    );
  });

  it('is a text of a bounded number of places and of characters', () => {
    const data = { a: 'x'.repeat(300_000) };
    assert.equal(String(shown('$a '.repeat(50), data)).length, 50 * 300_001);
    assert.throws(
      () => shown('$a '.repeat(60), data),
      AppError,
      'has more than 16000000 characters of this task',
    );
    assert.throws(() => shown('$a '.repeat(101), { a: 1 }), AppError, 'has more than 100 places of the task');
    // As in the editor, a key of the whole name goes first.
    assert.equal(shown('$a '.repeat(101), { ['$a '.repeat(101).slice(1)]: 5 }), 5);
  });

  it('has words for messages, of any size of it', () => {
    for (const source of [`$${'b'.repeat(900_000)}`, `Title: ${'$b '.repeat(300_000)}`]) {
      assert.isBelow(whereShown(parseShown(source)).length, 250);
      assert.throws(() => written({}, { source }, { source }), AppError, /^.{0,600}$/);
    }
  });

  it('has words for messages', () => {
    assert.equal(whereShown(parseShown('$review.body')), "under 'review.body'");
    assert.equal(whereShown(parseShown('$Review Text')), "under 'Review Text'");
    assert.equal(whereShown(parseShown('$title: $body')), "for '$title: $body'");
    assert.equal(whereShown(parseShown('Good food')), "for 'Good food'");
  });
});
