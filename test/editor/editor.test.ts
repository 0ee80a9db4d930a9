import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import type { ListItem } from '../../src/inputs/list.js';
import { type Content, textOfContent } from '../../src/inputs/shown/text.js';
import { isRecord } from '../../src/is-record.js';
import { attribute } from '../../src/label-config/attribute.js';
import { type LabelConfig, readLabelConfig, type TagInfo } from '../../src/label-config/parse.js';
import type { Attributes } from '../../src/label-config/xml.js';
import { FILES } from './files.js';
import { SEED, type Shown, type ShownCase, shownCases } from './fixture.js';
import { editorCases } from './generate.js';
import { connect, read } from './ours.js';

/**
 * What this server reads of a task is what the editor shows of it. Where the editor shows nothing (no such key, null, an
 * error in the place of the object), the server refuses the task or reads an empty value. What is otherwise is so on purpose:
 * `REFUSED`, `READ`, `NOT_CONNECTED`, and keys in other letters, say it all.
 */

/** What the editor shows that is no value to a model: the server refuses such a task. */
const REFUSED: readonly ((shown: Shown, attributes: Attributes) => boolean)[] = [
  ({ text, looks }) => [text, looks].some(each => each?.includes('[object Object]')),
  // A Table of a list has no columns of a record.
  ({ value }) => Array.isArray(value),
  // A number, true or null is no address.
  ({ addresses }) => addresses?.some(each => typeof each !== 'string') === true,
  // The editor shows the first of several images, with no way to the others: `valueList` is meant.
  ({ addresses = [] }, attributes) =>
    addresses.length > 1 && attribute(attributes, 'valueList') === undefined,
  // Of items with the same id, or without one, a Ranker cannot say which it means.
  ({ items }) => items?.some(({ id, lines }) => id === 'undefined' || lines[0] === 'second') === true,
];

/** What the server reads though the editor shows an error. */
const READ: readonly ((config: LabelConfig, value: unknown) => boolean)[] = [
  // The editor fetches a text from fewer spellings of an address than it shows images from.
  (config, value) => FETCHED.includes(String(value)) && objectsOf(config).some(isUrl),
  // The editor wants a name in the first utterance, and breaks off at one that is null; models need neither.
  config => objectsOf(config).some(({ tag }) => tag === 'Paragraphs'),
  // An address behind which is nothing: it is asked for later.
  (_, value) => isRecord(value) && typeof value.file === 'string' && !(value.file in FILES),
];
const FETCHED = [...Object.values(FILES).map(({ body }) => body), 'Hello'];

/** Why a config is not taken, other than for a Repeater and labels that come with the task: the docs name each. */
const NOT_CONNECTED: readonly RegExp[] = [
  /reads a Table of JSON that is in the task/,
  /has one answer for all of them/,
];

/** What the server reads and what the editor shows, in the same form. */
type Form = (value: unknown, shown: Shown) => [ours: unknown, theirs: unknown];

const FORMS: Readonly<Record<string, Form>> = {
  // The editor parts lines at each of the two characters.
  Text: (value, { text }) => [String(value).replace(/\r/g, '\n'), text],
  HyperText: (value, { looks }) => [words(textOfContent(value as Content)), words(looks!)],
  Paragraphs: (value, { utterances }) => [(value as { utterances: string[] }).utterances, utterances],
  Image: (value, { addresses }) => [addressesOf(value), addresses],
  Audio: (value, { address }) => [(value as { file: string }).file, address],
  Video(value, { address, frameRate }) {
    const { file, frameRate: rate } = value as { file: string; frameRate: number };
    return [
      { address: file, frameRate: rate },
      { address, frameRate },
    ];
  },
  TimeSeries(value, { columns }) {
    const { file, columns: own } = value as { file?: string; columns?: unknown };
    // How a file is read has tests of its own: here it is the right one.
    return file === undefined ? [own, columns] : [file in FILES, true];
  },
  Table(value, { value: record }) {
    const own = value as Record<string, unknown>;
    const isRecord = typeof record === 'object' && record !== null && !Array.isArray(record);
    return isRecord
      ? [Object.fromEntries(Object.keys(record).map(key => [key, own[key]])), record]
      : [null, null];
  },
  List: (value, { items }) => [
    (value as { items: ListItem[] }).items.map(({ id, text }) => [id, words(text)]).sort(),
    items!.map(({ id, lines }) => [id, words(lines.join('\n'))]).sort(),
  ],
};

function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function addressesOf(value: unknown): string[] {
  const { file, pages } = value as { file?: string; pages?: { value: { file: string } }[] };
  return pages === undefined ? [file!] : pages.map(page => page.value.file);
}

/** Whether the editor shows nothing in the place of an object. */
function isNothing(shown: Shown | null | undefined): boolean {
  if (!shown) return true;
  const [value] = Object.values(shown);
  return value === '' || (Array.isArray(value) && value.every(each => each === '')) || isNoSeries(shown);
}

/** The editor takes anything for a series at first, and draws none of it. */
function isNoSeries({ columns }: Shown): boolean {
  return columns !== undefined && !isRecord(columns);
}

/** Whether the object's reference names a key of the data with letters that the editor does not take for a key's. */
function isForeign(source: string, data: Record<string, unknown>): boolean {
  return /^\$./s.test(source) && !/^\$[\w[\].{}]+$/.test(source) && Object.hasOwn(data, source.slice(1));
}

function objectsOf(config: LabelConfig): TagInfo[] {
  return [...config.objects.values()];
}

function isUrl({ attributes }: TagInfo): boolean {
  return attribute(attributes, 'valueType') === 'url';
}

/** What differs, in words; undefined: nothing. */
async function difference(each: ShownCase, object: string): Promise<string | undefined> {
  const config = readLabelConfig(each.config);
  const { tag, attributes } = config.objects.get(object)!;
  if (isForeign(attributes.valueList ?? attributes.value ?? '', each.data)) return undefined;
  const shown = each.shown[object];
  const ours = await read(config, object, each.data);
  const told = `${JSON.stringify(each)}: ${JSON.stringify('value' in ours ? ours.value : ours.refused.message)}`;
  if ('refused' in ours)
    return isNothing(shown) || REFUSED.some(rule => rule(shown!, attributes))
      ? undefined
      : `refused: ${told}`;
  if (READ.some(rule => rule(config, ours.value)) && (isNothing(shown) || shown?.utterances?.length === 0))
    return undefined;
  if (!shown) return isEmpty(ours.value) ? undefined : `read though nothing is shown: ${told}`;
  const [own, theirs] = FORMS[tag]!(ours.value, shown);
  return JSON.stringify(own) === JSON.stringify(theirs) ? undefined : `differs: ${told}`;
}

/** An empty text, or no utterance. */
function isEmpty(value: unknown): boolean {
  return value === '' || (isRecord(value) && Object.values(value).every(each => each === '' || isNone(each)));
}

function isNone(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

describe('what the editor of Label Studio shows', () => {
  const cases = shownCases();
  const ofTag = (tag: string) => cases.filter(({ config }) => new RegExp(`<${tag} `).test(config));

  it('was asked for the cases that are made now', () => {
    assert.deepEqual(
      cases.map(({ config, data, refusable }) => ({ config, data, ...(refusable && { refusable }) })),
      JSON.parse(JSON.stringify(editorCases(SEED))),
    );
    assert.lengthOf(cases, 500);
  });

  for (const tag of Object.keys(FORMS)) {
    it(`is what is read of a ${tag}`, async () => {
      const differences: string[] = [];
      for (const each of ofTag(tag)) {
        if (each.refusable) continue;
        for (const object of Object.keys(each.shown)) {
          const found = await difference(each, object);
          if (found !== undefined) differences.push(found);
        }
      }
      assert.deepEqual(differences, []);
    });
  }

  it('is read of keys in other letters as of any, though the editor does not find them', async () => {
    const foreign = cases.filter(({ config, data }) =>
      objectsOf(readLabelConfig(config)).some(({ attributes }) => isForeign(attributes.value ?? '', data)),
    );
    assert.isAtLeast(foreign.length, 10);
    for (const { config, data } of foreign) {
      const parsed = readLabelConfig(config);
      for (const { name, tag, attributes } of objectsOf(parsed)) {
        const source = attributes.value ?? '';
        // A Table's columns stand beside all others of the task.
        if (tag === 'Table' || !isForeign(source, data)) continue;
        const renamed = readLabelConfig(config.replace(`"${source}"`, '"$renamed"'));
        const same = { ...data, renamed: data[source.slice(1)] };
        const [ours, plain] = [await read(parsed, name, data), await read(renamed, name, same)];
        if ('refused' in ours) assert.property(plain, 'refused', config);
        else assert.deepEqual(ours, plain, config);
      }
    }
  });

  it('can be connected, but for a Repeater and labels that come with the task', () => {
    const refused: string[] = [];
    for (const { config, refusable } of cases) {
      try {
        connect(readLabelConfig(config));
        if (refusable) refused.push(`taken: ${config}`);
      } catch (error) {
        const isNamed = error instanceof AppError && NOT_CONNECTED.some(reason => reason.test(error.message));
        if (!(error instanceof AppError) || !(refusable || isNamed)) refused.push(`${error}: ${config}`);
      }
    }
    assert.deepEqual(refused, []);
  });
});
