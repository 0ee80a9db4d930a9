import fc from 'fast-check';
import sharp from 'sharp';
import { wav } from '../support/wav.js';
import { type Tag, tag } from './tags.js';

/** An object tag without its name and its source, and what tasks may hold for it. */
export interface Shown {
  tag: string;
  attributes: Tag['attributes'];
  children?: readonly Tag[];
  /** Which attribute names the source; absent: `value`. */
  source?: 'valueList';
  /** Columns that stand beside it in the task. */
  beside?: Readonly<Record<string, unknown>>;
  values: fc.Arbitrary<unknown>;
}

/** Files that tasks may hold, as `data:` URIs. */
export interface Files {
  images: readonly string[];
  recordings: readonly string[];
  videos: readonly string[];
  /** The address of a text. */
  at(text: string): string;
}

/** @param at the address of a text, of a server that gives it */
export async function makeFiles(at: (text: string) => string, videos: readonly string[]): Promise<Files> {
  const sizes = [
    [1, 1],
    [2, 2],
    [64, 3],
    [5, 90],
    [320, 240],
  ] as const;
  const images = sizes.map(async ([width, height], index) => {
    const background = { r: 40 * index, g: 255 - 40 * index, b: 90, alpha: index / 4 };
    const image = sharp({ create: { width, height, channels: 4, background } });
    const file = await (index % 2 === 0 ? image.png() : image.jpeg()).toBuffer();
    return `data:image/${index % 2 === 0 ? 'png' : 'jpeg'};base64,${file.toString('base64')}`;
  });
  const tone = (rate: number, seconds: number) =>
    Float32Array.from({ length: Math.max(1, rate * seconds) }, (_, at) => Math.sin(at / 9) / 2);
  const recordings = [
    wav(8000, tone(8000, 0.001)),
    wav(8000, tone(8000, 0.25)),
    wav(16000, tone(16000, 0.1), tone(16000, 0.1)),
    wav(44100, tone(44100, 1.5)),
  ].map(file => `data:audio/wav;base64,${file.toString('base64')}`);
  return { images: await Promise.all(images), recordings, videos, at };
}

const flag = fc.constantFrom('true', 'false', undefined);
const LETTER = fc.constantFrom('a', 'Good ', ' ', '\n', '😀', 'é', '.', 'Ada', 'met ', 'n1', '<', '&');
/** A text that does not begin with a space, in which one of the models finds no span. */
const sentence = fc
  .tuple(fc.constantFrom('Ada', '😀', 'é', '<'), fc.string({ unit: LETTER, maxLength: 12 }))
  .map(([first, rest]) => first + rest);
const number = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(0.5, 1e-9, 2 ** 40));

/** How each object tag may stand in a config, with what Label Studio shows in it. */
export function objectsOf(files: Files): Readonly<Record<string, fc.Arbitrary<Shown>>> {
  const { at } = files;
  return {
    Text: fc
      .record({
        form: fc.constantFrom('text', 'url', 'base64', 'base64unicode'),
        saveTextResult: fc.constantFrom('yes', 'no', undefined),
      })
      .map(({ form, ...attributes }): Shown => {
        const own = form === 'url' ? { valueType: 'url' } : form === 'text' ? {} : { encoding: form };
        const values = {
          text: fc.oneof(
            { weight: 4, arbitrary: sentence },
            number,
            fc.boolean(),
            fc.array(sentence, { minLength: 1 }),
          ),
          url: sentence.map(at),
          base64: fc.constantFrom('Good food', 'é').map(btoa),
          base64unicode: sentence.map(text => Buffer.from(text).toString('base64')),
        };
        return {
          tag: 'Text',
          attributes: { ...attributes, granularity: 'word', ...own },
          values: values[form]!,
        };
      }),
    HyperText: fc.record({ url: fc.boolean(), inline: flag, clickableLinks: flag }).map(
      ({ url, ...attributes }): Shown => ({
        tag: 'HyperText',
        attributes: { ...attributes, ...(url && { valueType: 'url' }) },
        values: url ? html.map(at) : html,
      }),
    ),
    Paragraphs: fc
      .record({
        url: fc.boolean(),
        layout: fc.constantFrom('dialogue', 'none', undefined),
        nameKey: fc.constantFrom('who', undefined),
        textKey: fc.constantFrom('says', undefined),
        contextScroll: flag,
        showPlayer: flag,
        audioUrl: fc.constantFrom('$recording', undefined),
      })
      .map(({ url, ...attributes }): Shown => {
        const talks = talk(attributes.nameKey ?? 'author', attributes.textKey ?? 'text');
        return {
          tag: 'Paragraphs',
          attributes: { ...attributes, ...(url && { valueType: 'url' }) },
          beside: attributes.audioUrl === undefined ? {} : { recording: files.recordings[1] },
          values: url ? talks.map(each => at(JSON.stringify(each))) : talks,
        };
      }),
    Image: fc.record({ list: fc.boolean(), zoom: flag, maxWidth: fc.constantFrom('750px', undefined) }).map(
      ({ list, ...attributes }): Shown => ({
        tag: 'Image',
        attributes,
        ...(list && { source: 'valueList' }),
        values: list
          ? fc.array(fc.constantFrom(...files.images), { minLength: 1, maxLength: 3 })
          : fc.constantFrom(...files.images),
      }),
    ),
    Audio: fc
      .record({ hotkey: fc.constantFrom('space', undefined), zoom: flag, splitchannels: flag })
      .map(
        (attributes): Shown => ({ tag: 'Audio', attributes, values: fc.constantFrom(...files.recordings) }),
      ),
    Video: fc.record({ frameRate: fc.constantFrom('10', '$rate', undefined), muted: flag }).map(
      (attributes): Shown => ({
        tag: 'Video',
        attributes,
        beside: attributes.frameRate === '$rate' ? { rate: 12.5 } : {},
        values: fc.constantFrom(...files.videos),
      }),
    ),
    List: fc
      .constantFrom('Results', undefined)
      .map(title => ({ tag: 'List', attributes: { title }, values: list })),
    Table: fc.constant({
      tag: 'Table',
      attributes: {},
      values: fc.record({ age: number, city: fc.constantFrom('Oulu', 'Turku'), note: sentence }),
    }),
    TimeSeries: series(at),
    Header: fc.constant({ tag: 'Header', attributes: { size: '3' }, values: sentence }),
  };
}

const html = fc
  .array(
    fc.tuple(fc.constantFrom('p', 'b', 'div', 'h1', 'script', 'td'), sentence).map(([name, text]) => {
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return `<${name} class="x">${escaped}</${name}>`;
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map(parts => parts.join('\n'));

/** The editor wants both keys in the first utterance. */
function talk(name: string, text: string): fc.Arbitrary<unknown> {
  const utterance = fc.record({
    [name]: fc.constantFrom('A', 'B'),
    [text]: fc.oneof({ weight: 4, arbitrary: fc.string({ unit: LETTER, maxLength: 8 }) }, fc.nat(99)),
    start: fc.option(fc.nat(9), { nil: undefined }),
  });
  return fc.array(utterance, { minLength: 1, maxLength: 4 });
}

const list = fc
  .uniqueArray(fc.oneof(fc.integer(), fc.string({ maxLength: 4 })), { maxLength: 4, selector: String })
  .chain(ids =>
    fc.tuple(
      ...ids.map(id =>
        fc.record(
          { id: fc.constant(id), title: sentence, body: fc.oneof(sentence, fc.nat()), html },
          { requiredKeys: ['id'] },
        ),
      ),
    ),
  );

/** Times in the order that the editor wants, some of them the same. */
function series(at: Files['at']): fc.Arbitrary<Shown> {
  const record = fc.record({
    form: fc.constantFrom('columns', 'csv', 'json'),
    time: fc.constantFrom('none', 'number', 'date', 'fraction'),
    sep: fc.constantFrom(',', ';', 'tab', 'auto', undefined),
  });
  return record.map(({ form, time, sep }): Shown => {
    const timeFormat = { date: '%Y-%m-%d %H:%M', fraction: '%H:%M:%S.%f' }[time as string];
    const written = {
      none: String,
      number: (step: number) => step / 4,
      date: shownDate,
      fraction: shownTime,
    };
    const steps = fc.array(fc.tuple(fc.nat(3), number, number), { minLength: 1, maxLength: 9 });
    const columns = steps.map(rows => {
      const at = rows.map((_, row) => rows.slice(0, row + 1).reduce((sum, [more]) => sum + more, 0));
      const times = at.map(step => written[time]!(step));
      return { ...(time !== 'none' && { T: times }), x: rows.map(([, x]) => x), y: rows.map(([, , y]) => y) };
    });
    const character = sep === 'tab' ? '\t' : sep === ';' ? ';' : ',';
    const csv = (table: Record<string, readonly unknown[]>) => {
      const names = Object.keys(table);
      const lines = table.x!.map((_, row) => names.map(name => table[name]![row]).join(character));
      return [names.join(character), ...lines, ''].join('\n');
    };
    return {
      tag: 'TimeSeries',
      attributes: {
        valueType: form === 'columns' ? 'json' : 'url',
        // The editor looks for it in small letters, and reads names of CSV so.
        timeColumn: time === 'none' ? undefined : 't',
        timeFormat,
        // Dates have a space, which the editor could take for one.
        sep: sep === 'auto' && time === 'date' ? ',' : sep,
      },
      children: ['x', 'y'].map(column => tag('Channel', { column })),
      values:
        form === 'columns'
          ? columns.map(({ T, ...rest }) => ({ ...(T && { t: T }), ...rest }))
          : columns.map(table =>
              at(form === 'csv' ? csv(table as never) : JSON.stringify(table).replace('"T"', '"t"')),
            ),
    };
  });
}

function shownDate(step: number): string {
  return new Date(Date.UTC(2024, 1, 28, 23) + step * 600_000).toISOString().slice(0, 16).replace('T', ' ');
}

/** A time of day with one to three digits of a second's fraction. */
function shownTime(step: number): string {
  return new Date(step * 1_375)
    .toISOString()
    .slice(11, -1)
    .replace(/0{1,2}$/, '');
}
