import { parse } from 'csv-parse/sync';
import type { SeriesTag, SeriesValue } from './contract.js';

/** Columns of a series, by name. */
type Columns = Readonly<Record<string, readonly unknown[]>>;

/** A series: a list of numbers for each channel, NaN where one is missing, and the times of its steps. */
export interface Series {
  channels: Float64Array[];
  times: (number | string)[];
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const MISSING = /^(nan|null|none|n\/a)?$/i;

/**
 * Reads the channels of a series.
 *
 * As in the editor, columns can be named by their number, and names differ in case: https://labelstud.io/tags/timeseries
 *
 * @param text of the file, CSV or JSON; null: the value holds the columns
 * @param wanted the channels' names, or their numbers
 * @throws Error with a reason for people
 */
export function readSeries(
  text: string | null,
  { columns, tag }: SeriesValue,
  wanted: readonly string[],
): Series {
  const all = text === null ? columns! : columnsOf(text, tag, wanted);
  const names = Object.keys(all);
  const find = (name: string): string => {
    const lower = name.toLowerCase();
    const found =
      names.find(each => each === name) ??
      names.find(each => each.toLowerCase() === lower) ??
      (/^\d+$/.test(name) ? names[Number(name)] : undefined);
    if (found === undefined)
      throw new Error(`it has no column '${name}'; it has ${names.join(', ') || 'none'}`);
    return found;
  };
  const channels = wanted.map(name => numbersOf(name, all[find(name)]!));
  const length = channels[0]?.length ?? 0;
  if (length === 0) throw new Error('it has no steps');
  if (channels.some(channel => channel.length !== length))
    throw new Error('its columns are of different lengths');
  if (!tag.timeColumn) return { channels, times: Array.from({ length }, (_, index) => index) };
  const times = all[find(tag.timeColumn)]!;
  if (times.length !== length) throw new Error('its columns are of different lengths');
  return { channels, times: times.map((time, index) => timeOf(time, index, tag)) };
}

function columnsOf(text: string, tag: SeriesTag, wanted: readonly string[]): Columns {
  const begin = text.trimStart()[0];
  if (begin === '{' || begin === '[') {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return ofRecords(value);
    for (const [name, column] of Object.entries(value as object))
      if (!Array.isArray(column)) throw new Error(`its column '${name}' is no list`);
    return value as Columns;
  }
  const separator = tag.sep === undefined || tag.sep === '' ? ',' : tag.sep.replace(/^\\t$/, '\t');
  const options = {
    delimiter: separator,
    skip_empty_lines: true,
    trim: true,
    bom: true,
    relax_column_count: false,
  };
  const rows: string[][] = parse(text, options);
  const [first = []] = rows;
  // A file without a line of names is read by numbers alone.
  const byNumber = [...wanted, ...(tag.timeColumn ? [tag.timeColumn] : [])].every(name => /^\d+$/.test(name));
  const isHeadless =
    byNumber &&
    first.every(value => NUMBER.test(value) || !wanted.includes(value)) &&
    first.some(value => NUMBER.test(value));
  const names = isHeadless ? first.map((_, index) => String(index)) : first;
  const body = isHeadless ? rows : rows.slice(1);
  return Object.fromEntries(names.map((name, index) => [name, body.map(row => row[index])]));
}

function ofRecords(records: readonly unknown[]): Columns {
  const names = [...new Set(records.flatMap(record => Object.keys((record ?? {}) as object)))];
  return Object.fromEntries(
    names.map(name => [name, records.map(record => (record as Record<string, unknown> | null)?.[name])]),
  );
}

function numbersOf(name: string, column: readonly unknown[]): Float64Array {
  return Float64Array.from(column, (value, index) => {
    if (typeof value === 'number') return value;
    if (value === null || value === undefined || typeof value === 'boolean') return Number.NaN;
    const text = typeof value === 'string' ? value.trim() : JSON.stringify(value);
    if (NUMBER.test(text)) return Number(text);
    if (MISSING.test(text)) return Number.NaN;
    throw new Error(`its column '${name}' has ${JSON.stringify(value)} at step ${index}, which is no number`);
  });
}

/** Times that are numbers as numbers; others as the data write them. */
function timeOf(value: unknown, index: number, { timeColumn, timeFormat }: SeriesTag): number | string {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value !== '')
    return !timeFormat && NUMBER.test(value) ? Number(value) : value;
  throw new Error(`its column '${timeColumn}' has no time at step ${index}`);
}

/** Puts the value before it in the place of a missing one; at the beginning the first that is there. */
export function filled(channel: Float64Array, name: string): Float64Array {
  const known = channel.findIndex(value => !Number.isNaN(value));
  if (known < 0) throw new Error(`its column '${name}' has no number`);
  let last = channel[known]!;
  return channel.map(value => {
    if (!Number.isNaN(value)) last = value;
    return last;
  });
}
