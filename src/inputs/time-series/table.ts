import type { TaskFailure } from '../contract.js';
import { undecodable } from '../file.js';
import type { SeriesTiming, SeriesValue } from './contract.js';
import { isIndex, readCsv, unquoted } from './csv.js';
import { NUMBER, timesOf } from './times.js';

/** A series: a list of numbers for each channel, NaN where one is missing, and when its steps are. */
export interface Series {
  channels: Float64Array[];
  timing: SeriesTiming;
  /** The times, so that the same tag reads them again; absent: steps are numbered. */
  written?: readonly unknown[];
}

/** Columns by name. */
interface Table {
  names: readonly string[];
  columns: readonly (readonly unknown[])[];
  isCsv: boolean;
}

const MISSING = /^(nan|null|none|n\/?a|<na>)?$/i;

/**
 * Reads the channels of a series.
 *
 * As in the editor, columns can be named by their number, and names may differ in case: https://labelstud.io/tags/timeseries
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
  const { timeColumn, timeFormat } = tag;
  const table =
    text === null
      ? tableOf(columns!)
      : readTable(text, tag.sep, [...wanted, ...(timeColumn ? [timeColumn] : [])]);
  const channels = wanted.map(name => numbersOf(name, table.columns[indexOf(table, name, table.isCsv)]!));
  const length = channels[0]?.length ?? 0;
  const check = (name: string, column: { length: number }) => {
    if (column.length !== length)
      throw new Error(
        `its columns are of different lengths: '${wanted[0]}' has ${length} values, '${name}' has ${column.length}`,
      );
  };
  if (length === 0) throw new Error('it has no steps');
  for (const [at, channel] of channels.entries()) check(wanted[at]!, channel);
  // The editor numbers the steps by the first column.
  if (!timeColumn && table.isCsv) checkName(table.names, table.names[0]!);
  if (!timeColumn) return { channels, timing: { times: Array.from({ length }, (_, index) => index) } };
  const written = table.columns[indexOf(table, timeColumn, false)]!;
  check(timeColumn, written);
  const times = timesOf(written, tag, table.isCsv);
  return {
    channels,
    timing: { times, ...(timeFormat && { timeFormat }) },
    written: timeFormat ? written : times,
  };
}

/**
 * Where a column is.
 * @param isNumberFirst whether a number counts columns even if one has it for a name, as the editor has it of a Channel
 */
function indexOf({ names, isCsv }: Table, name: string, isNumberFirst: boolean): number {
  const counted = isIndex(name) && Number(name) < names.length ? Number(name) : -1;
  const exact = isCsv ? -1 : names.indexOf(name);
  const named = names.findIndex(each => isSame(each, name) || isSame(each, unquoted(name)));
  // In JSON, numbers that are names come first, whatever their place was.
  const uncertain = !isCsv && names.some(isIndex) ? -1 : counted;
  const found = [isNumberFirst && names[counted] !== '' ? counted : -1, exact, named, uncertain].find(
    at => at >= 0,
  );
  if (found === undefined)
    throw new Error(`it has no column '${name}'; it has ${names.join(', ') || 'none'}`);
  if (found !== exact) checkName(names, names[found]!);
  return found;
}

/** In the editor, columns of CSV that have the same name are one, of all their values. */
function checkName(names: readonly string[], name: string): void {
  const { length } = names.filter(each => isSame(each, name));
  if (length > 1) throw new Error(`it has ${length} columns with the name '${name}': give each its own`);
}

function isSame(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}

function tableOf(columns: Readonly<Record<string, readonly unknown[]>>): Table {
  return { names: Object.keys(columns), columns: Object.values(columns), isCsv: false };
}

function readTable(text: string, sep: string | undefined, wanted: readonly string[]): Table {
  const begin = text.trimStart()[0];
  if (begin !== '{' && begin !== '[') return { ...readCsv(text, sep, wanted), isCsv: true };
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value)) return ofRecords(value);
  for (const [name, column] of Object.entries(value as object))
    if (!Array.isArray(column)) throw new Error(`its column '${name}' is no list`);
  return tableOf(value as Record<string, unknown[]>);
}

/** Columns of a list of records: of objects, or of lists whose columns have numbers. */
function ofRecords(records: readonly unknown[]): Table {
  for (const [index, record] of records.entries())
    if (typeof record !== 'object') throw new Error(`its step ${index} is no object`);
  const names = [...new Set(records.flatMap(record => Object.keys(record ?? {})))];
  const columns = names.map(name =>
    records.map(record =>
      record !== null && Object.hasOwn(record as object, name)
        ? (record as Record<string, unknown>)[name]
        : undefined,
    ),
  );
  return { names, columns, isCsv: false };
}

function numbersOf(name: string, column: readonly unknown[]): Float64Array {
  return Float64Array.from(column, (value, index) => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (typeof value === 'boolean') return Number(value);
    if (value === null || value === undefined) return Number.NaN;
    if (typeof value === 'number') throw beyond(name, value, index);
    const text = typeof value === 'string' ? value.trim() : JSON.stringify(value);
    if (NUMBER.test(text) && Number.isFinite(Number(text))) return Number(text);
    if (typeof value === 'string' && MISSING.test(text)) return Number.NaN;
    throw new Error(`its column '${name}' has ${JSON.stringify(value)} at step ${index}, which is no number`);
  });
}

/** Why a series has a number that is too large: for a double, or for the tensor. */
export function beyond(name: string, value: unknown, step: number): Error {
  return new Error(`its column '${name}' has ${value} at step ${step}, which is too large a number`);
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

/** What is answered for a series that cannot be read: its file, or the task itself. */
export function failureOf({ file }: SeriesValue, reason: string): TaskFailure {
  return file === undefined
    ? { code: 'task_invalid', message: `it is not to be read as a time series: ${reason}` }
    : undecodable('a time series', reason);
}
