import { AppError } from '../../errors.js';
import type { VersionFiles } from './files.js';
import type { Category, Step } from './spec.js';
import type { Stage } from './stage.js';

type StepOf<T extends Step['type']> = Extract<Step, { type: T }>;

/** What the sources of a record know of it. */
export interface RecordContext {
  files: VersionFiles;
  /** The names of the values that a stage is applied to. */
  columns: readonly string[];
  /** A value that each column can hold, by name, for the warm-up. */
  samples: Map<string, unknown>;
}

/** A number as text: what a spreadsheet or a form writes. */
const NUMERIC = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * A value as a number; a missing one (none, null, empty or "nan") is NaN. Null: it is no number, or an infinite one.
 *
 * @example
 * toNumber(' 1.5e3 ') // 1500
 */
export function toNumber(value: unknown): number | null {
  if (value === undefined || value === null) return Number.NaN;
  if (typeof value === 'number') return Math.abs(value) === Number.POSITIVE_INFINITY ? null : value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (text === '' || text.toLowerCase() === 'nan') return Number.NaN;
  return NUMERIC.test(text) && Number.isFinite(Number(text)) ? Number(text) : null;
}

/** The columns as they are, one feature each. */
export function numbers(step: StepOf<'numbers'>, where: string, { files, columns }: RecordContext): Stage {
  if (step.width !== columns.length)
    throw files.invalid(where, `takes ${step.width} columns of ${columns.length}`);
  return {
    width: step.width,
    single: false,
    signed: true,
    apply(values, row) {
      for (const [column, value] of values.entries()) {
        const number = toNumber(value);
        if (number === null) throw invalidValue(columns[column]!, value, 'which is not a number');
        row.push(column, number);
      }
    },
  };
}

/** OneHotEncoder. https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.OneHotEncoder.html */
export function oneHot(step: StepOf<'one-hot'>, where: string, context: RecordContext): Stage {
  const { columns } = context;
  const lookups = readCategories(step, where, context);
  let width = 0;
  const encodings = step.categories.map((categories, column) => {
    const groups = step.infrequent?.[column] ?? null;
    const dropped = step.drop?.[column] ?? null;
    const groupOf = (category: number) => (groups === null ? category : groups[category]!);
    const gone = dropped === null ? null : groupOf(dropped);
    const size = groups === null ? categories.length : Math.max(...groups) + 1;
    const start = width;
    width += gone === null ? size : size - 1;
    /** The feature of a group; -1 for the one without an output. */
    const featureOf = (group: number) => {
      if (gone === null || group < gone) return start + group;
      return group === gone ? -1 : start + group - 1;
    };
    const unknown = step.handleUnknown === 'infrequent' && groups !== null ? featureOf(size - 1) : -1;
    return { features: categories.map((_, category) => featureOf(groupOf(category))), unknown };
  });
  return {
    width,
    single: false,
    signed: false,
    apply(values, row) {
      for (const [column, { features, unknown }] of encodings.entries()) {
        const category = lookups[column]!(values[column]);
        if (category === undefined && step.handleUnknown === 'error') {
          throw unseen(columns[column]!, values[column], step.categories[column]!);
        }
        const feature = category === undefined ? unknown : features[category]!;
        if (feature >= 0) row.push(feature, 1);
      }
    },
  };
}

/** OrdinalEncoder. https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.OrdinalEncoder.html */
export function ordinal(step: StepOf<'ordinal'>, where: string, context: RecordContext): Stage {
  const { columns } = context;
  const lookups = readCategories(step, where, context);
  const missing = step.missing === 'nan' ? Number.NaN : step.missing;
  const unknown = step.unknown === 'nan' ? Number.NaN : step.unknown;
  return {
    width: step.categories.length,
    single: false,
    signed: true,
    apply(values, row) {
      for (const [column, categories] of step.categories.entries()) {
        const category = lookups[column]!(values[column]);
        if (category === undefined && unknown === null)
          throw unseen(columns[column]!, values[column], categories);
        if (category === undefined) row.push(column, unknown!);
        else row.push(column, categories[category] === null && missing !== null ? missing : category);
      }
    },
  };
}

/** For each column: from a value to its category's index, undefined when it has none. */
function readCategories(
  { categories, fill }: StepOf<'one-hot' | 'ordinal'>,
  where: string,
  { files, columns, samples }: RecordContext,
): ((value: unknown) => number | undefined)[] {
  if (categories.length !== columns.length) {
    throw files.invalid(
      where,
      `has the categories of ${categories.length} columns, and gets ${columns.length}`,
    );
  }
  return categories.map((known, column) => {
    samples.set(columns[column]!, known.find(category => category !== null) ?? null);
    const indices = new Map<unknown, number>(known.map((category, index) => [category, index]));
    const numeric = known.every(category => typeof category !== 'string');
    const ofMissing = fill?.[column] ?? null;
    return value => {
      const found = indices.get(isMissing(value) ? ofMissing : value);
      // In Python true is 1 and false is 0; and a number that was given as text is still that number.
      if (found !== undefined || !numeric) return found;
      const number = toNumber(value);
      if (number === null) return undefined;
      if (Number.isNaN(number)) return indices.get(ofMissing);
      return indices.get(number) ?? (number === 0 || number === 1 ? indices.get(number === 1) : undefined);
    };
  });
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || Number.isNaN(value);
}

function unseen(column: string, value: unknown, categories: readonly Category[]): AppError {
  const known = categories
    .slice(0, 10)
    .map(category => JSON.stringify(category))
    .join(', ');
  const more = categories.length > 10 ? ` and ${categories.length - 10} more` : '';
  return invalidValue(column, value, `which the model was not trained with (it knows ${known}${more})`);
}

/** A failure of one task that names the column. */
export function invalidValue(column: string, value: unknown, what: string): AppError {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return new AppError(
    'task_invalid',
    `column '${column}' has ${text.length > 80 ? `${text.slice(0, 77)}...` : text}, ${what}`,
  );
}
