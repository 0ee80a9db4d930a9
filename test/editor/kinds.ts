import { pick } from '../support/random.js';
import { MEDIA_ADDRESSES, TEXT_ADDRESSES } from './files.js';
import type { TaskBuilder } from './references.js';

/** What a tag looks like in a labeling config: its attributes, in order, and what is in it. */
export interface Tag {
  tag: string;
  attributes: [name: string, value: string][];
  inner?: string;
}

const TEXTS = [
  'The food was awful.',
  'Ada Lovelace in London',
  'two\nlines',
  'win\r\nlines\r\n',
  '  spaced  twice ',
  '<b>bold</b> & more',
  'a < b && c > d',
  '&amp; &lt;',
  '👨🏻‍🚒 İstanbul',
  '',
  '$title of $body',
  '5',
  'null',
  '\ufeffmark',
  'tab\there',
  '技术支持',
  'it\'s "quoted"',
];
const NO_TEXTS: readonly unknown[] = [
  5,
  -0.5,
  0,
  1e21,
  1e-7,
  true,
  false,
  null,
  ['a', 'b'],
  [],
  { a: 1 },
  [1, [2, 3]],
  [null, 'x'],
];
const PAGES = [
  '<p>Hello <b>Ada</b></p>',
  '<div class="good"><p>bad <a href="https://good.example">link</a></p><!-- good --></div>',
  'plain, no tags',
  'a &amp; b &lt;c&gt; &eacute;',
  '<!DOCTYPE html>\n<html>\n<head><title>Ada</title></head>\n<body>\n<h1>Ada Lovelace</h1>\n<p>in London</p>\n</body>\n</html>',
  '<p>one<br>two<br/>three</p>',
  '<ul><li>one</li><li>two</li></ul>',
  '<script>var good = 1;</script><p>shown</p>',
  '<p>un<i>closed',
  '<table><tr><td>a</td><td>b</td></tr></table>',
  '<style>p { color: red }</style><p>styled</p>',
  '<p hidden>secret</p><p>open</p>',
  '<p onclick="good()" title="good">handled</p>',
  '',
  5 as unknown as string,
];
const TALKS: readonly unknown[] = [
  [
    { author: 'Ada', text: 'Good morning' },
    { author: 'Bob', text: 'Hi' },
  ],
  [{ author: 'Ada', text: 'win\r\nlines <b>not bold</b>' }],
  [{ author: 'Ada', text: '' }],
  [
    { author: 'Ada', text: 'one' },
    { author: 'Bob', text: null },
    { author: 'Cid', text: 'three' },
  ],
  [{ author: 'Ada', text: 'one' }, { author: 'Bob' }, { text: 'three' }],
  [
    { author: 'Ada', text: 5 },
    { author: 7, text: 0 },
    { author: 'B', text: true },
  ],
  [{ author: null, text: 'no name' }],
  [{ text: 'no author' }],
  [{ author: 'no text' }],
  [{ author: 'Ada', text: 'one' }, null],
  [{ author: 'Ada', text: ['a', 'b'] }],
  [],
  {},
  'words',
  null,
  7,
];
const OTHER_TALK = [
  { who: 'Ada', said: 'Good morning' },
  { who: 'Bob', said: 'Hi' },
];
const SERIES: readonly unknown[] = [
  { time: [0, 1, 2], x: [1, 2.5, 3], y: [3, 2, 1] },
  { Time: [0, 1, 2], X: [1, 2, 3], Y: [3, 2, 1] },
  { time: [0, 1, 2], x: [1, null, 3], y: ['3', '2', '1'] },
  { time: [], x: [], y: [] },
  null,
];
const SERIES_ADDRESSES = [
  'https://files.example/series.csv',
  'https://files.example/series.csv',
  'https://files.example/series.json',
  'https://files.example/missing.csv',
  '',
];
const TABLES: readonly unknown[] = [
  { age: 41, City: 'Turku', nested: { a: 1 } },
  { b: null, a: true },
  '{"age": 41, "city": "Turku"}',
  [
    { age: 41, city: 'Turku' },
    { age: 36, name: 'Ada' },
  ],
  ['a', 1, { b: 2 }],
  {},
];
const LISTS: readonly unknown[] = [
  [
    { id: 'blog', title: '10 tips', body: 'One' },
    { id: 'mdn', title: 'Arrows', body: 'Two' },
  ],
  [
    { id: 12, title: 'twelve' },
    { id: 2, body: 'two' },
    { id: 'a', html: '<p>three <b>bold</b></p>', body: 'beside' },
  ],
  [{ id: 1, title: 5, body: 0 }],
  [
    { id: 'x', title: 'first' },
    { id: 'x', title: 'second' },
  ],
  [{ title: 'no id' }],
  [],
  'words',
];
const RATES: readonly unknown[] = [25, '29.97', 0.04, 0, '', 'fast', null, -5, true, [30], { a: 1 }];

/** A name in other cases, which are the same attribute to the editor. */
export function respelled(task: TaskBuilder, name: string): string {
  const draw = task.random();
  if (draw < 0.5) return name;
  return draw < 0.85 ? name.toLowerCase() : name.toUpperCase();
}

function value(task: TaskBuilder, of: readonly unknown[]): string {
  return task.reference(pick(task.random, of));
}

function encoded(task: TaskBuilder, texts: readonly string[]): [encoding: string, text: string] {
  const text = String(pick(task.random, texts));
  const encoding = pick(task.random, ['base64', 'base64unicode', 'none']);
  if (encoding === 'none') return [encoding, text];
  const bytes = Buffer.from(text, task.random() < 0.7 ? 'utf8' : 'latin1').toString('base64');
  const draw = task.random();
  return [encoding, draw < 0.8 ? bytes : draw < 0.9 ? bytes.replaceAll('=', '') : `${bytes}*`];
}

/** A text of a task, or another thing in its place: by reference, template, address or code. */
function textual(tag: string, texts: readonly string[], task: TaskBuilder): Tag {
  const draw = task.random();
  const attributes: Tag['attributes'] = [];
  if (draw < 0.4) attributes.push(['value', value(task, texts)]);
  else if (draw < 0.5) attributes.push(['value', task.found(pick(task.random, NO_TEXTS))]);
  else if (draw < 0.72) attributes.push(['value', task.template([...texts, ...texts, ...NO_TEXTS])]);
  else if (draw < 0.77)
    attributes.push(['value', pick(task.random, ['Hello', '100 $', 'costs $ 5', '$', '$ a'])]);
  else if (draw < 0.9) {
    attributes.push(['value', value(task, TEXT_ADDRESSES)], [respelled(task, 'valueType'), 'url']);
    if (task.random() < 0.15) attributes.push([respelled(task, 'encoding'), 'base64']);
  } else {
    const [encoding, text] = encoded(task, texts);
    attributes.push(['value', value(task, [text])], [respelled(task, 'encoding'), encoding]);
  }
  if (draw < 0.4 && task.random() < 0.15) attributes.push([respelled(task, 'valueType'), 'text']);
  return { tag, attributes };
}

function media(tag: string, task: TaskBuilder): Tag {
  const draw = task.random();
  if (draw < 0.7) return { tag, attributes: [['value', value(task, MEDIA_ADDRESSES)]] };
  if (draw < 0.8)
    return {
      tag,
      attributes: [['value', `https://files.example/${task.template(['a', 'b c', 7, null])}.png`]],
    };
  if (draw < 0.87) return { tag, attributes: [['value', 'https://files.example/always.png']] };
  return { tag, attributes: [['value', task.found(pick(task.random, [null, 5, '', {}, true]))]] };
}

/** The tags of the open editor, each with a task. */
export const KINDS: Readonly<Record<string, (task: TaskBuilder) => Tag>> = {
  Text: task => textual('Text', TEXTS, task),

  HyperText(task) {
    const tag = textual('HyperText', PAGES, task);
    if (task.random() < 0.4)
      tag.attributes.push([respelled(task, 'inline'), pick(task.random, ['true', 'false'])]);
    if (task.random() < 0.12) {
      const key = task.found('Ada & Bob');
      tag.inner = pick(task.random, [
        `<p>Hello <b>${key}</b></p>`,
        'only text',
        ` <h1>A</h1>\n<p>${key}</p> `,
      ]);
    }
    return tag;
  },

  Paragraphs(task) {
    const draw = task.random();
    if (draw < 0.55) return { tag: 'Paragraphs', attributes: [['value', value(task, TALKS)]] };
    const attributes: Tag['attributes'] = [];
    if (draw < 0.8) {
      attributes.push(['value', value(task, [OTHER_TALK])]);
      attributes.push(
        [respelled(task, 'textKey'), 'said'],
        [respelled(task, 'nameKey'), pick(task.random, ['who', 'who', 'x'])],
      );
    } else {
      attributes.push([
        'value',
        value(task, ['https://files.example/talk.json', 'https://files.example/missing.json']),
      ]);
      attributes.push([respelled(task, 'valueType'), 'url']);
    }
    if (task.random() < 0.3) attributes.push(['layout', 'dialogue']);
    return { tag: 'Paragraphs', attributes };
  },

  Image(task) {
    const draw = task.random();
    const some = () => [pick(task.random, MEDIA_ADDRESSES), pick(task.random, MEDIA_ADDRESSES)];
    if (draw < 0.6) return media('Image', task);
    if (draw < 0.7) return { tag: 'Image', attributes: [['value', value(task, [some()])]] };
    const lists = [some(), some(), [], some()[0], null, [null, 'a.png']];
    const attributes: Tag['attributes'] = [['valueList', value(task, lists)]];
    if (task.random() < 0.2) attributes.unshift(['value', task.found('https://files.example/not-this.png')]);
    return { tag: 'Image', attributes };
  },

  Audio: task => media('Audio', task),

  Video(task) {
    const tag = media('Video', task);
    const draw = task.random();
    const rate =
      draw < 0.6 ? value(task, RATES) : pick(task.random, ['25', '0.04', '29.97', 'x', '1e2', '$']);
    if (draw < 0.85) tag.attributes.push([respelled(task, 'frameRate'), rate]);
    if (draw > 0.8) tag.attributes.push(['FrameRate', '12']);
    return tag;
  },

  TimeSeries(task) {
    const attributes: Tag['attributes'] = [];
    const draw = task.random();
    if (draw < 0.5) attributes.push(['value', value(task, SERIES)], [respelled(task, 'valueType'), 'json']);
    else attributes.push(['value', value(task, SERIES_ADDRESSES)]);
    if (draw > 0.75) attributes.push([respelled(task, 'valueType'), 'url']);
    if (task.random() < 0.6)
      attributes.push([respelled(task, 'timeColumn'), pick(task.random, ['time', 'time', 'Time'])]);
    return { tag: 'TimeSeries', attributes, inner: '<Channel column="x"/><Channel column="y"/>' };
  },

  Table(task) {
    if (task.random() < 0.8) return { tag: 'Table', attributes: [['value', value(task, TABLES)]] };
    const type = pick(task.random, ['csv', 'csv|url', 'json|url', 'json']);
    const found = type.endsWith('url') ? `https://files.example/table.csv` : '{"a":1}\n2';
    return {
      tag: 'Table',
      attributes: [
        ['value', value(task, [found])],
        [respelled(task, 'valueType'), type],
      ],
    };
  },

  List: task => ({
    tag: 'List',
    attributes: [
      ['value', value(task, LISTS)],
      ['title', 'Results'],
    ],
  }),
};
