import { mulberry32, pick, type Random } from '../support/random.js';

/** Labeling configs made at random, the same ones for the same seed, to be read by Label Studio and by us. */

const NAMES = [
  'a',
  'b',
  'c',
  'a,b',
  ' a',
  'a, c',
  '',
  '0',
  '10',
  '2',
  '__proto__',
  'constructor',
  'toString',
  'я',
  '😀',
  '{{i}}',
];
const VALUES = [
  '$text',
  '$$x',
  ' $z',
  '',
  'A',
  'B',
  ' A ',
  '$a.b',
  '$a1',
  'x &amp; y',
  '&lt;&gt;',
  '&#10;',
  '&#x41;',
  'a\nb',
  'a\r\nb\tc',
];
const ODD_VALUES = [
  '\u00a0',
  '\u2028',
  '😀',
  '\u0085',
  'a>b',
  ']]>',
  '--',
  '&apos;&quot;',
  '__proto__',
  '7',
  '-1',
  '&#128512;',
  '&#13;',
];
const FLAGS = ['{{i}}', 'a', '', ',', 'a,b', 'i}}', 'abc'];
const TAGS = [
  'View',
  'Text',
  'Image',
  'Choices',
  'Labels',
  'Taxonomy',
  'Filter',
  'filter',
  'Repeater',
  'Header',
  'My-Obj.v2',
  '_x',
  'Выбор',
  '𐀀b',
];
const LABEL_TAGS = ['Label', 'Choice', 'Relation', 'Choice', 'Label', 'choice', 'Shortcut', 'View'];
const PREFIXES = ['', '', '', '', 'p:', 'q:', 'xml:'];
const NAMESPACES = [
  'xmlns:p="u:p"',
  'xmlns:q="http://e.com/q?a=1#b"',
  'xmlns="u:d"',
  'xmlns=""',
  'xmlns:p="u:p2"',
  'xmlns:q="u:p"',
];
const SPACES = [' ', ' ', ' ', '\n', '\t', '\r\n', '  '];
const CONTENT = [
  '',
  '',
  '',
  'text',
  ' \n ',
  '&amp;',
  '&#9;',
  'a > b',
  ']]',
  '<!-- <Choice value="no"/> -->',
  '<!---->',
  '<![CDATA[<Choice value="no"/> & ]]]]>',
  '<?pi?>',
  '<?pi a ??>',
  '<?p-i <View> ?>',
  '<![CDATA[]]>',
  '"\'',
  '😀',
];
const FRAGMENTS = [
  '<',
  '>',
  '/',
  '&',
  ';',
  '"',
  "'",
  '=',
  ' ',
  '\n',
  '!',
  '?',
  '-',
  '--',
  ']]>',
  '#',
  ':',
  'x',
  '0',
  '.',
  '&amp;',
  '&nbsp;',
  '&#0;',
  '&#X41;',
  '&#x1F600;',
  '<!--',
  '-->',
  '<![CDATA[',
  '<?',
  '?>',
  '</View>',
  '<View>',
  '<a/>',
  ' a="1"',
  ' name="a"',
  '\u00a0',
  '\u0001',
  '\ufffe',
  '\ufeff',
  '\ud800',
  '\u00b7',
  '😀',
  '𐀀',
  '<?xml version="1.0"?>',
  '\r',
];

/** Makes labeling configs: every second one well-formed with namespaces, the others damaged in one to three places. */
export function generateConfigs(seed: number, count: number): string[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, (_, index) =>
    index % 2 === 0 ? document(random, true) : damage(random, document(random, false)),
  );
}

function document(random: Random, hasNamespaces: boolean): string {
  const prolog = pick(random, [
    '',
    '',
    '',
    '\ufeff',
    '<?xml version="1.0"?>',
    '<!-- c -->',
    '\n',
    "<?xml version='1.1' standalone='no' ?>\n",
  ]);
  return `${prolog}${element(random, 0, hasNamespaces, '')}${pick(random, ['', '', '\n', '<!-- c -->', '<?pi?>'])}`;
}

function element(random: Random, depth: number, hasNamespaces: boolean, bound: string): string {
  const declared = hasNamespaces && random() < 0.25 ? pick(random, NAMESPACES) : '';
  const prefixes = `${bound} ${declared}`;
  const tag = prefixed(random, pick(random, random() < 0.5 ? TAGS : LABEL_TAGS), hasNamespaces, prefixes);
  const attributes = [declared, ...attributesOf(random, hasNamespaces, prefixes)].filter(Boolean);
  const open = `<${tag}${attributes.map(attribute => pick(random, SPACES) + attribute).join('')}${pick(random, ['', '', ' ', '\n'])}`;
  const children = depth > 5 || random() < 0.3 ? 0 : Math.floor(random() * 5);
  if (children === 0 && random() < 0.5) return `${open}/>`;
  const inner = Array.from(
    { length: children },
    () => pick(random, CONTENT) + element(random, depth + 1, hasNamespaces, prefixes),
  );
  return `${open}>${inner.join('')}${pick(random, CONTENT)}</${tag}${pick(random, ['', '', ' '])}>`;
}

function attributesOf(random: Random, hasNamespaces: boolean, prefixes: string): string[] {
  const attributes = new Map<string, string>();
  const set = (chance: number, name: string, values: readonly string[]): void => {
    if (random() < chance)
      attributes.set(prefixed(random, name, hasNamespaces && random() < 0.2, prefixes), pick(random, values));
  };
  set(0.6, 'name', NAMES);
  set(0.4, 'toName', NAMES);
  set(0.6, 'value', random() < 0.7 ? VALUES : ODD_VALUES);
  set(0.15, 'alias', VALUES);
  set(0.15, 'valueList', VALUES);
  set(0.1, 'valueType', ['url', '']);
  set(0.1, 'indexFlag', FLAGS);
  set(0.1, 'apiUrl', ['', 'https://e.com']);
  if (random() < 0.2) {
    set(0.9, 'perRegion', ['true', 'true', 'True', '']);
    for (const name of ['whenTagName', 'whenLabelValue', 'whenChoiceValue']) set(0.5, name, ['', 'x']);
  }
  set(0.1, '__proto__', VALUES);
  set(0.1, 'hasOwnProperty', VALUES);
  set(0.1, 'constructor', VALUES);
  const shuffled = [...attributes].sort(() => random() - 0.5);
  // With prefixes, two different names can mean the same one; that is for the hand-written configs.
  const seen = new Set<string>();
  return shuffled.flatMap(([name, value]) => {
    const local = name.slice(name.indexOf(':') + 1);
    if (seen.has(local)) return [];
    seen.add(local);
    const quote = value.includes('"') || (!value.includes("'") && random() < 0.3) ? "'" : '"';
    return `${name}${pick(random, ['=', '=', ' = ', '\n='])}${quote}${value}${quote}`;
  });
}

function prefixed(random: Random, name: string, hasNamespaces: boolean, prefixes: string): string {
  const prefix = hasNamespaces ? pick(random, PREFIXES) : '';
  return prefix === '' || prefix === 'xml:' || prefixes.includes(`xmlns:${prefix.slice(0, -1)}=`)
    ? prefix + name
    : name;
}

function damage(random: Random, source: string): string {
  let result = source;
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
    const at = Math.floor(random() * (result.length + 1));
    const cut = random() < 0.5 ? 0 : Math.floor(random() * 4);
    result = result.slice(0, at) + (random() < 0.75 ? pick(random, FRAGMENTS) : '') + result.slice(at + cut);
  }
  return result;
}
