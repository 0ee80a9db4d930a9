import { isRecord } from '../../is-record.js';
import type { VersionFiles } from './files.js';
import type { UnicodeTables } from './spec.js';

const LAST_CODE_POINT = 0x10ffff;

/** Reads a file of Unicode tables. @throws AppError `version_invalid` when it is none: a range without end would be filled for ever */
export async function unicodeTables(files: VersionFiles, name: string): Promise<UnicodeTables> {
  const tables = await files.json(name);
  const { word, unassigned, lower } = isRecord(tables) ? tables : {};
  if (!areRanges(word) || !areRanges(unassigned) || !isRecord(lower) || !Object.values(lower).every(isText))
    throw files.invalid(
      'unicode',
      `names ${name}, which holds no ranges of code points and pairs of letters`,
    );
  return tables as UnicodeTables;
}

/** Reads a file of terms. @throws AppError `version_invalid` when it is no list of texts */
export async function termsOf(files: VersionFiles, name: string, where: string): Promise<readonly string[]> {
  const terms = await files.json(name);
  if (!Array.isArray(terms) || !terms.every(isText))
    throw files.invalid(where, `names the vocabulary ${name}, which is not a list of texts`);
  return terms;
}

const isText = (value: unknown): value is string => typeof value === 'string';

function areRanges(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(each => Array.isArray(each) && each.length === 2 && each.every(isPoint))
  );
}

function isPoint(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LAST_CODE_POINT;
}
