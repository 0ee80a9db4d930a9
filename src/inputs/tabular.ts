import { AppError } from '../errors.js';
import { isRecord } from '../is-record.js';
import type { InputKind, InputPlace, TaskValue } from './contract.js';
import { loadFeatures } from './features/encoder.js';
import { invalidValue, toNumber } from './features/records.js';
import type { ColumnSpec, FeaturesSpec } from './features/spec.js';
import { shownValue, whereShown } from './shown/value.js';

const EXAMPLE_COLUMNS: readonly ColumnSpec[] = [
  { name: 'age', kind: 'number' },
  { name: 'city', kind: 'category' },
];

/**
 * A record of columns out of the task's data, whatever tags show them, or out of the object that a Table shows.
 *
 * @example
 * { "kind": "tabular", "columns": [{ "name": "age", "kind": "number" }, { "name": "city", "kind": "category" }] }
 */
export const tabular: InputKind = {
  kind: 'tabular',
  objectTags: [],
  optionsSchema: {
    properties: {
      columns: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            kind: { enum: ['number', 'text', 'category'] },
            optional: {
              type: 'boolean',
              description: 'whether a task may lack it, which is a missing value',
            },
          },
          required: ['name', 'kind'],
          additionalProperties: false,
        },
        description: 'the columns that the model was trained with, in its order',
      },
    },
    required: ['columns'],
  },

  // What the columns are is learnt; without them any config of such a control would do.
  recipe: { options: ['columns'], objectTags: ['Table'] },

  read(data, place, options) {
    const record = recordOf(data, place);
    return columnsOf(options).map(column => readColumn(record, column));
  },

  learnt(data, place) {
    const record = recordOf(data, place);
    for (const [name, value] of Object.entries(record)) checkWritable(name, value);
    return record;
  },

  async load(folder, options) {
    const columns = columnsOf(options);
    return Object.assign(await loadFeatures(folder, columns), {
      missing: (value: TaskValue) => missingNumbers(value as readonly unknown[], columns),
    });
  },

  example: {
    options: { columns: EXAMPLE_COLUMNS },
    object: '<Text name="object" value="$city"/>',
    data: { city: 'Turku', age: ' 41.5 ', name: 'which no column asks for' },
    files: {
      'features.json': {
        format: 1,
        input: 'record',
        columns: EXAMPLE_COLUMNS,
        root: {
          type: 'columns',
          parts: [
            { columns: ['age'], step: { type: 'numbers', width: 1 } },
            {
              columns: ['city'],
              step: {
                type: 'one-hot',
                categories: [['Oulu', 'Turku']],
                drop: null,
                handleUnknown: 'error',
                infrequent: null,
              },
            },
          ],
        },
        layout: 'dense',
        dtype: 'float64',
        width: 3,
      } satisfies FeaturesSpec,
    },
    feeds: { input: { type: 'float64', data: Float64Array.of(41.5, 0, 1), dims: [1, 3] } },
  },
};

/**
 * The columns of a task: those of the object that a Table shows, which an annotator sees, and those of the task's data.
 * @throws AppError `task_invalid` when a Table has something else to show
 */
function recordOf(
  data: Readonly<Record<string, unknown>>,
  { tag, shown }: Pick<InputPlace, 'tag' | 'shown'>,
): Readonly<Record<string, unknown>> {
  const value = shownValue(data, shown);
  const table = tag === 'Table' && typeof value === 'string' ? parsed(value) : value;
  if (tag !== 'Table') return isRecord(table) ? { ...table, ...data } : data;
  if (isRecord(table)) return { ...data, ...table };
  if (value === undefined) return data;
  throw new AppError(
    'task_invalid',
    `the task's data needs an object of columns ${whereShown(shown)} for the Table, and has ` +
      (value === null ? 'null' : Array.isArray(table) ? 'a list' : `a ${typeof value} that is none`),
  );
}

/** JSON of `1e400` is read as a number that JSON cannot write: to the model it would be a missing one. */
function checkWritable(name: string, value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw invalidValue(name, value, 'which is too large a number');
}

/** The editor's Table reads JSON as well; undefined for what is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function columnsOf(options: Readonly<Record<string, unknown>>): readonly ColumnSpec[] {
  return options.columns as readonly ColumnSpec[];
}

/** Which numbers a record lacks, in words; undefined: none. */
function missingNumbers(record: readonly unknown[], columns: readonly ColumnSpec[]): string | undefined {
  const names = columns.filter(({ kind }, index) => kind === 'number' && record[index] === null);
  if (names.length === 0) return undefined;
  const list = names.map(({ name }) => `'${name}'`).join(', ');
  return `the task's data has no number in the column${names.length > 1 ? 's' : ''} ${list}`;
}

/** A column's value as JSON; a missing number is null. */
function readColumn(data: Readonly<Record<string, unknown>>, { name, kind, optional }: ColumnSpec): unknown {
  if (!Object.hasOwn(data, name)) {
    if (optional) return null;
    throw new AppError(
      'task_invalid',
      `the task's data has no column '${name}'; it has ${Object.keys(data).join(', ') || 'none'}`,
    );
  }
  const value = data[name];
  switch (kind) {
    case 'number': {
      const number = toNumber(value);
      if (number === null) throw invalidValue(name, value, 'and the model needs a number there');
      return Number.isNaN(number) ? null : number;
    }
    case 'text':
      // Label Studio shows a number where a text is meant.
      if (typeof value === 'number') return String(value);
      if (typeof value !== 'string') throw invalidValue(name, value, 'and the model needs a text there');
      return value;
    case 'category':
      if (typeof value === 'object' && value !== null) {
        throw invalidValue(name, value, 'and the model needs a text, a number, true or false there');
      }
      checkWritable(name, value);
      return value;
  }
}
