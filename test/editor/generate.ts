import { mulberry32, pick, type Random } from '../support/random.js';
import { KINDS, type Tag } from './kinds.js';
import { TaskBuilder } from './references.js';

/** A labeling config with the data of a task for it. Its objects are `object`, `object_0`, … and `other`. */
export interface EditorCase {
  config: string;
  data: Record<string, unknown>;
  /** What a server without the editor may refuse when it is connected; absent: nothing. */
  refusable?: 'repeater' | 'dynamic';
}

const CHOICES = '<Choice value="Yes"/><Choice value="No"/>';
const LABELS = '<Label value="Yes"/><Label value="No"/>';
const CONTROLS: Readonly<Record<string, readonly string[]>> = {
  Text: ['Choices', 'Labels'],
  HyperText: ['Choices', 'HyperTextLabels'],
  Paragraphs: ['Choices', 'ParagraphLabels'],
  Image: ['Choices', 'RectangleLabels'],
  Audio: ['Choices', 'Labels'],
  Video: ['TimelineLabels'],
  TimeSeries: ['TimeSeriesLabels'],
  Table: ['Choices'],
  List: ['Ranker'],
};

/** How many cases of 500 each sort has. */
const SHARES: readonly [count: number, make: (random: Random) => EditorCase][] = [
  [150, random => single(random, 'Text')],
  [60, random => single(random, 'HyperText')],
  [55, random => single(random, 'Paragraphs')],
  [60, random => single(random, 'Image')],
  [25, random => single(random, 'Audio')],
  [45, random => single(random, 'Video')],
  [35, random => single(random, 'TimeSeries')],
  [22, random => single(random, 'Table')],
  [20, random => single(random, 'List')],
  [13, pairwise],
  [7, repeater],
  [8, dynamic],
];

/** The same 500 cases for the same seed, all different, every sort of them in its share. */
export function editorCases(seed: number): EditorCase[] {
  const random = mulberry32(seed);
  const cases = new Map<string, EditorCase>();
  for (const [count, make] of SHARES) {
    const end = cases.size + count;
    while (cases.size < end) {
      const made = make(random);
      cases.set(JSON.stringify(made), made);
    }
  }
  return [...cases.values()];
}

function single(random: Random, kind: string): EditorCase {
  const task = new TaskBuilder(random);
  const object = written(KINDS[kind]!(task), 'object');
  return { config: view(random, object, control(random, kind, 'object')), data: task.data };
}

function pairwise(random: Random): EditorCase {
  const task = new TaskBuilder(random);
  const make = KINDS[pick(random, ['Text', 'Image'])]!;
  const objects = written(make(task), 'object') + written(make(task), 'other');
  return {
    config: view(random, objects, '<Pairwise name="control" toName="object,other"/>'),
    data: task.data,
  };
}

function repeater(random: Random): EditorCase {
  const items = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index) => ({
    text: `item ${index}`,
    url: `https://files.example/${index}.png`,
  }));
  const tag = pick(random, [
    '<Text name="object_{{idx}}" value="$items[{{idx}}].text"/>',
    '<Image name="object_{{idx}}" value="$items[{{idx}}].url"/>',
  ]);
  const mode = pick(random, ['', ' mode="pagination"']);
  const choices = `<Choices name="control_{{idx}}" toName="object_{{idx}}">${CHOICES}</Choices>`;
  return {
    config: `<View><Repeater on="$items" indexFlag="{{idx}}"${mode}>${tag}${choices}</Repeater></View>`,
    data: { items },
    refusable: 'repeater',
  };
}

function dynamic(random: Random): EditorCase {
  const task = new TaskBuilder(random);
  const object = written(KINDS.Text!(task), 'object');
  const options = task.found([{ value: 'Yes' }, { value: 'No' }]);
  const tag = pick(random, [
    `<Choices name="control" toName="object" value="${options}"/>`,
    `<Labels name="control" toName="object" value="${options}"/>`,
    `<Taxonomy name="control" toName="object" value="${options}"/>`,
  ]);
  return { config: view(random, object, tag), data: task.data, refusable: 'dynamic' };
}

function control(random: Random, kind: string, object: string): string {
  const tag = pick(random, CONTROLS[kind]!);
  const inner = tag === 'Choices' ? CHOICES : tag === 'Ranker' ? '' : LABELS;
  return `<${tag} name="control" toName="${object}">${inner}</${tag}>`;
}

function view(random: Random, object: string, controls: string): string {
  return `<View>${random() < 0.5 ? object + controls : controls + object}</View>`;
}

/** A tag as XML, its name among its attributes wherever it falls. */
function written({ tag, attributes, inner }: Tag, name: string): string {
  const all = [['name', name], ...attributes].map(([key, value]) => `${key}="${escaped(value!)}"`);
  return inner === undefined ? `<${tag} ${all.join(' ')}/>` : `<${tag} ${all.join(' ')}>${inner}</${tag}>`;
}

/** References to characters stay as they are. */
function escaped(value: string): string {
  return value
    .replace(/&(?!#\d+;)/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;');
}
