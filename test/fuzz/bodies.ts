import fc from 'fast-check';
import { SENTIMENT } from '../support/configs.js';

/** What Label Studio sends where, in short. */
export const VALID: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  '/predict': [
    {
      tasks: [
        { id: 1, data: { text: 'I love it' }, meta: {}, annotations: [], predictions: [] },
        { id: 2, data: { text: 'awful 😀' }, is_labeled: false },
      ],
      project: '4.1795520884',
      label_config: SENTIMENT,
      params: { login: null, password: null, context: null },
    },
    {
      tasks: [{ id: 3, data: { text: 'so nice' }, drafts: [] }],
      project: 5,
      label_config: SENTIMENT,
      params: {
        context: { result: [{ value: { start: 0, end: 2, labels: ['PER'] }, type: 'labels', id: 'x' }] },
      },
    },
    { tasks: [] },
  ],
  '/setup': [
    {
      project: '4.1795520884',
      schema: SENTIMENT,
      hostname: 'http://127.0.0.1:8080',
      access_token: '0123456789abcdef',
      extra_params: { model: 'sentiment' },
    },
    { project: '5.1', schema: SENTIMENT, extra_params: '{"model": "sentiment"}' },
  ],
  '/webhook': [
    {
      action: 'ANNOTATION_CREATED',
      annotation: {
        id: 7,
        result: [{ from_name: 'sentiment', value: { choices: ['Positive'] } }],
        lead_time: 3.2,
      },
      project: { id: 4, title: 'x', label_config: SENTIMENT },
      task: { id: 11, data: { text: 'I love it' } },
    },
    { action: 'START_TRAINING', project: { id: 4, label_config: SENTIMENT } },
    { action: 'PROJECT_UPDATED', project: { id: 4, label_config: SENTIMENT } },
    { action: 'PROJECT_DELETED', project: { id: 6 } },
    {
      action: 'ANNOTATION_UPDATED',
      annotation: { id: 7, result: [], completed_by: { id: 1 }, was_cancelled: false },
      project: { id: 4, title: 'x' },
      task: { id: 11, data: { text: 'I love it' } },
    },
    {
      action: 'ANNOTATIONS_CREATED',
      annotation: [{ id: 8, result: [] }],
      project: { id: 4 },
      task: [{ id: 11 }],
    },
    { action: 'TASKS_CREATED', tasks: [{ id: 11, data: { text: 'I' } }], project: { id: 4 } },
    { action: 'TASKS_DELETED', tasks: [{ id: 11 }], project: { id: 4 } },
    { action: 'PROJECT_CREATED', project: { id: 5, label_config: SENTIMENT } },
    { action: 'ANNOTATIONS_DELETED', annotations: [{ id: 7 }], project: { id: 4 } },
  ],
  '/train': [
    {
      annotations: [{ id: 1, data: {}, annotations: [] }],
      project: '4.1',
      label_config: SENTIMENT,
      params: {},
    },
  ],
  '/job_status': [{ job: '00000000-0000-0000-0000-000000000000' }],
  '/validate': [{ config: SENTIMENT }],
  '/duplicate_model': [{ project_src: 4, project_dst: '8.1' }],
  '/delete': [{ project: '8.1' }],
};

const nested = (depth: number, open: string, middle: string, close: string): unknown =>
  JSON.parse(open.repeat(depth) + middle + close.repeat(depth));

/** Values that break programs, and those that are merely of another type. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    '',
    ' ',
    '\0',
    '\ud800',
    '😀\u0301\u202e',
    '../../etc/passwd',
    '__proto__',
    'constructor',
    '%00%zz',
    '<View>',
    '<!DOCTYPE x [<!ENTITY a "b">]><View>&a;</View>',
    SENTIMENT,
    'x'.repeat(5_000),
    '4.1795520884',
    [],
    {},
    [[]],
    [null],
    { toString: 1, valueOf: 1 },
    { id: { toString: 1 } },
    { id: [1] },
    { length: 3 },
    JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}'),
    nested(300, '[', '1', ']'),
    nested(300, '{"data":', '1', '}'),
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.jsonValue({ maxDepth: 3 }),
);

export type Edit = { at: number; how: 'replace' | 'remove' | 'wrap' | 'repeat'; value: unknown };

/** A change of one place of a value. */
export const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.noBias(fc.nat({ max: 1_000 })),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'wrap', 'repeat'),
  value: junk,
});

/** All places of a value, as the object that holds each and its key there. */
function places(holder: Record<string, unknown>, found: [Record<string, unknown>, string][] = []) {
  for (const key of Object.keys(holder)) {
    found.push([holder, key]);
    const value = holder[key];
    if (typeof value === 'object' && value !== null) places(value as Record<string, unknown>, found);
  }
  return found;
}

/** Changes a value in place. */
export function apply(root: { body: unknown }, { at, how, value }: Edit): void {
  const all = places(root);
  const [holder, key] = all[at % all.length]!;
  const before = holder[key];
  const own = structuredClone(value);
  if (how === 'replace') holder[key] = own;
  else if (how === 'wrap') holder[key] = [before];
  else if (how === 'repeat' && Array.isArray(before))
    holder[key] = [...before, ...structuredClone(before), own];
  else if (how === 'remove' && holder !== root) delete holder[key];
}

/** Changes of the text itself. */
const textEdit: fc.Arbitrary<(text: string) => string> = fc.oneof(
  { weight: 20, arbitrary: fc.constant((text: string) => text) },
  fc.nat({ max: 200 }).map(length => (text: string) => text.slice(0, length)),
  fc.tuple(fc.nat({ max: 200 }), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 })).map(
    ([at, more]) =>
      (text: string) =>
        text.slice(0, at) + more + text.slice(at),
  ),
  fc
    .constantFrom(
      '"tasks":1,',
      '"project":{},',
      '"__proto__":{"tasks":[]},',
      '"constructor":{"prototype":{"x":1}},',
      '"action":"START_TRAINING",',
      '"params":{"context":{}},',
    )
    .map(more => (text: string) => text.replace('{', `{${more}`)),
  fc
    .constantFrom('1e400', '-0', '9'.repeat(5_000), '01', 'NaN', '+1', '.5', '1e-9999', 'undefined')
    .map(number => (text: string) => text.replace(/(?<=: ?)(\d[\d.]*|null)/, number)),
  fc.constantFrom('\ufeff', '\0', '//', '[', ")]}',\n").map(start => (text: string) => start + text),
);

/** A body for a path: valid, then changed in some places, then as text. */
export function bodyFor(path: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...VALID[path]!), fc.array(edit, { minLength: 1, maxLength: 3 }), textEdit)
    .map(([valid, edits, change]) => {
      const root = { body: structuredClone(valid) as unknown };
      for (const each of edits) apply(root, each);
      return change(JSON.stringify(root.body) ?? 'null');
    });
}
