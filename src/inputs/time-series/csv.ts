import { CsvError, parse } from 'csv-parse/sync';

/** A file of CSV by its columns. */
export interface CsvColumns {
  /** Their names; where the file has no line of names, their numbers from 0. */
  names: string[];
  columns: string[][];
}

const SEPARATORS: ReadonlyMap<string, string> = new Map([
  ['tab', '\t'],
  ['\\t', '\t'],
  ['space', ' '],
  ['comma', ','],
  ['dot', '.'],
]);

/**
 * Reads CSV as the editor reads it, and values in quotes as well. As there, `sep` is a character or one of its words, or
 * `auto`; and the first line holds names if one of its values is no number where the next line has one, or the reverse.
 *
 * https://labelstud.io/tags/timeseries
 *
 * @param wanted the names or numbers of the columns that are read: a first line that has such a name is one of names
 * @throws Error with a reason for people
 */
export function readCsv(text: string, sep: string | undefined, wanted: readonly string[]): CsvColumns {
  const rows = rowsOf(text, separatorOf(text, sep));
  const [first = [], second] = rows;
  const isNumber = (value: string | undefined) => !Number.isNaN(Number(value));
  const isNamed =
    (second !== undefined && first.some((value, at) => isNumber(value) !== isNumber(second[at]))) ||
    wanted.some(
      name => !isIndex(name) && first.some(value => value.toLowerCase() === unquoted(name).toLowerCase()),
    ) ||
    (second === undefined && !first.some(value => value !== '' && isNumber(value)));
  if (!isNamed && first[0] === '' && first.slice(1).every((value, at) => value === String(at)))
    throw new Error(
      'its first line numbers its columns, and Label Studio takes such a line for values: give the columns names, or leave the line out',
    );
  const missing = isNamed ? undefined : wanted.find(name => !isIndex(name));
  if (missing !== undefined)
    throw new Error(`it has no column '${missing}'; its first line has ${first.join(', ') || 'nothing'}`);
  const names = isNamed ? first : first.map((_, at) => String(at));
  const body = isNamed ? rows.slice(1) : rows;
  return { names, columns: names.map((_, at) => body.map(row => row[at]!)) };
}

/** Whether a column's name is its number. */
export function isIndex(name: string): boolean {
  return /^\d+$/.test(name);
}

/** The editor keeps the quotes of names, so that configs have them. */
export function unquoted(name: string): string {
  return /^"(.*)"$/s.exec(name)?.[1] ?? name;
}

function rowsOf(text: string, delimiter: string): string[][] {
  try {
    return parse(text, { delimiter, skip_empty_lines: true, trim: true, bom: true });
  } catch (error) {
    if (error instanceof CsvError && error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH') {
      const { lines, record } = error as unknown as { lines: number; record: string[] };
      throw new Error(`its line ${lines} has another number of values than its first line: ${record.length}`);
    }
    throw error;
  }
}

function separatorOf(text: string, sep: string | undefined): string {
  if (!sep) return ',';
  if (sep !== 'auto') return sep.length === 1 ? sep : (SEPARATORS.get(sep) ?? sep[0]!);
  const candidates = new Set(
    text
      .split('\n', 2)[1]
      ?.trim()
      .match(/[,;\s]/g),
  );
  const [found = ',', ...others] = candidates;
  if (others.length === 0) return found;
  throw new Error(
    `its second line has several characters that may separate values (${[...candidates].map(each => JSON.stringify(each)).join(', ')}): say with sep which one does`,
  );
}
