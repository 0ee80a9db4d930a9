import { assert } from 'chai';
import { AppError } from '../../../src/errors.js';
import { readHtml } from '../../../src/inputs/html/text.js';

const paths = (html: string, inline = false) => readHtml(html, inline).nodes.map(({ path }) => path);

describe('the text of an HTML document', () => {
  it('is that of its text nodes, with a line break where blocks and line breaks part them', () => {
    const { text, nodes } = readHtml('<p>Hello <b>Ada</b>!</p><p>Bye<br>bye</p>tail', false);
    assert.equal(text, 'Hello Ada!\nBye\nbye\ntail');
    assert.deepEqual(
      nodes.map(({ path, start, before }) => [path, start, before]),
      [
        ['/p[1]/text()[1]', 0, 0],
        ['/p[1]/b[1]/text()[1]', 6, 6],
        ['/p[1]/text()[2]', 9, 9],
        ['/p[2]/text()[1]', 11, 10],
        ['/p[2]/text()[2]', 15, 14],
        ['/text()[1]', 19, 17],
      ],
    );
  });

  it('counts code points before a node, and UTF-16 units within the text', () => {
    const { text, nodes } = readHtml('<p>😀😀</p><p>&amp;é</p>', false);
    assert.equal(text, '😀😀\n&é');
    assert.deepEqual([nodes[1]!.start, nodes[1]!.before], [5, 2]);
  });

  it('has none of what the editor takes out, and counts past what it does not show', () => {
    const html =
      '<!DOCTYPE html><html><head><title>T</title></head><body>a<!-- c -->b<script>x()</script>c' +
      '<style>p {}</style><iframe>no</iframe><select><option>o</option></select><i>d</i></body></html>';
    const { text, nodes } = readHtml(html, false);
    assert.equal(text, 'abcd');
    assert.deepEqual(
      nodes.map(({ path, text: own, before }) => [path, own, before]),
      [
        ['/text()[1]', 'abc', 0],
        ['/i[1]/text()[1]', 'd', 3 + 'p {}'.length + 'o'.length],
      ],
    );
  });

  it('is read as a page, or inline as a part of one', () => {
    const html = '<html><body><table><td>a</table></body></html>';
    assert.deepEqual(paths(html), ['/table[1]/tbody[1]/tr[1]/td[1]/text()[1]']);
    assert.deepEqual(paths(html, true), ['/table[1]/tbody[1]/tr[1]/td[1]/text()[1]']);
    assert.deepEqual(paths('  <b>a</b>'), ['/b[1]/text()[1]']);
    assert.deepEqual(paths('  <b>a</b>', true), ['/text()[1]', '/b[1]/text()[1]']);
    // In quirks mode a table does not end the paragraph before it.
    assert.deepEqual(
      paths('<!doctype html><p>a<table><td>b</table>')[1],
      '/p[1]/table[1]/tbody[1]/tr[1]/td[1]/text()[1]',
    );
  });

  it('is read of any HTML, and none of what is nested beyond reason', () => {
    for (const html of [
      '',
      '<',
      '</p></p>',
      '<p><p',
      '<frameset><frame></frameset>',
      '\0',
      '<template><b>x</b></template>',
    ])
      assert.isString(readHtml(html, false).text);
    const deep = (depth: number) => '<b>'.repeat(depth);
    assert.equal(readHtml(`${deep(1000)}a`, true).text, 'a');
    assert.throws(
      () => readHtml(`${deep(5000)}a`, false),
      AppError,
      'more than 2048 elements in one another',
    );
    const begin = performance.now();
    assert.throws(() => readHtml(`${'<div>'.repeat(1_000_000)}a`, false), AppError);
    assert.isBelow(performance.now() - begin, 5000);
  });
});
