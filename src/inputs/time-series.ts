import { AppError, messageOf } from '../errors.js';
import { isRecord } from '../is-record.js';
import { attribute } from '../label-config/attribute.js';
import type { InputKind } from './contract.js';
import { shownValue, whereShown } from './shown/value.js';
import type { SeriesTag, SeriesValue } from './time-series/contract.js';
import type { SeriesOptions } from './time-series/encoder.js';

const NUMBERS = { type: 'array', items: { type: 'number' }, minItems: 1 } as const;

/**
 * The columns of a TimeSeries as one float32 tensor, `[rows, channels, steps]`: from a CSV or JSON file that the task
 * points to, or from the task itself. A series of more than `steps` is cut into windows that share `overlap` steps. In the
 * place of a missing value is the one before it.
 *
 * @example
 * { "kind": "time-series", "channels": ["x", "y"], "steps": 512, "overlap": 64, "mean": [0, 0], "std": [1, 2] }
 */
export const timeSeries: InputKind = {
  kind: 'time-series',
  file: true,
  objectTags: ['TimeSeries'],
  optionsSchema: {
    properties: {
      channels: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        uniqueItems: true,
        description: 'the columns that the graph takes, in its order, by name or by number',
      },
      steps: {
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
        description: 'the most steps of a row (default 4096)',
      },
      overlap: {
        type: 'integer',
        minimum: 0,
        description: 'steps that two windows of a longer series share',
      },
      fixed: { type: 'boolean', description: 'whether a shorter series is filled up to `steps` with zeros' },
      layout: {
        enum: ['ncl', 'nlc'],
        description: 'channels before steps (default), or steps before channels',
      },
      mean: { ...NUMBERS, description: 'taken off, for each channel' },
      std: { ...NUMBERS, description: 'what the rest is divided by, for each channel' },
      normalize: {
        const: 'series',
        description: 'each channel gets mean 0 and deviation 1, series by series',
      },
      tensor: { type: 'string', minLength: 1, description: "the graph's input (default series)" },
    },
    required: ['channels'],
  },
  meta: 'time-series',

  read(data, { shown, attributes }) {
    const [timeColumn, timeFormat, sep] = ['timeColumn', 'timeFormat', 'sep'].map(name =>
      attribute(attributes, name),
    );
    const tag: SeriesTag = {
      ...(timeColumn !== undefined && { timeColumn }),
      ...(timeFormat !== undefined && { timeFormat }),
      ...(sep !== undefined && { sep }),
    };
    const value = shownValue(data, shown);
    if (typeof value === 'string' && /^\s*[{[]/.test(value))
      return { json: value, tag } satisfies SeriesValue;
    if (typeof value === 'string' && value !== '') return { file: value, tag } satisfies SeriesValue;
    // Beside its columns a series may hold what describes it.
    const columns = isRecord(value) ? Object.entries(value).filter(([, each]) => Array.isArray(each)) : [];
    if (columns.length > 0) {
      const kept = (columns as [string, unknown[]][]).map(
        ([name, column]) => [name, asJson(column)] as const,
      );
      return { columns: Object.fromEntries(kept), tag } satisfies SeriesValue;
    }
    throw new AppError(
      'task_invalid',
      `the task's data needs the address of a CSV or JSON file ${whereShown(shown)}, or columns as lists, and has neither`,
    );
  },

  // Which columns there are is the project's: those that its TimeSeries shows.
  recipe: {
    options: ['channels'],
    objectTags: ['TimeSeries'],
    fromConfig({ object, columns }) {
      if (columns !== undefined) return { channels: columns };
      throw new AppError(
        'no_model_fits',
        `the TimeSeries '${object}' of the labeling config has no Channel with a column: add one for each column to learn from`,
      );
    },
  },

  async forTraining(value, _place, options, readText) {
    const series = value as SeriesValue;
    const { channels: names } = options as unknown as SeriesOptions;
    const text = series.file === undefined ? (series.json ?? null) : await readText(series.file);
    const { readForTraining } = await import('./time-series/training.js');
    try {
      return await readForTraining({ text, value: series, names });
    } catch (error) {
      const { failureOf } = await import('./time-series/table.js');
      const { code, message } = failureOf(series, messageOf(error));
      throw new AppError(code, message, { cause: error });
    }
  },

  async load(_folder, options) {
    const { channels, mean, std, steps, overlap = 0 } = options as unknown as SeriesOptions;
    for (const [name, numbers] of Object.entries({ mean, std })) {
      if (numbers !== undefined && numbers.length !== channels.length)
        throw new AppError(
          'version_invalid',
          `the input's ${name} has ${numbers.length} numbers for ${channels.length} channels`,
        );
    }
    if (overlap >= (steps ?? Number.POSITIVE_INFINITY))
      throw new AppError(
        'version_invalid',
        `the input's overlap is ${overlap}, and a window has ${steps} steps`,
      );
    const { SeriesEncoder } = await import('./time-series/encoder.js');
    return new SeriesEncoder(options as unknown as SeriesOptions);
  },

  example: {
    options: { channels: ['x', 'y'], steps: 4, mean: [1, 0], std: [1, 2] },
    object:
      '<TimeSeries name="object" value="$walk" timeColumn="t"><Channel column="x"/><Channel column="y"/></TimeSeries>',
    data: { walk: { t: [0, 10, 20, 30], x: [1, 2, null, 4], y: [2, '4', 6, 8] } },
    files: {},
    feeds: { series: { type: 'float32', data: Float32Array.of(0, 1, 1, 3, 1, 2, 3, 4), dims: [1, 2, 4] } },
  },
};

/** JSON of `1e400` is read as a number that JSON cannot write: it would come to the child as a missing one. */
function asJson(column: unknown[]): unknown[] {
  const isBeyond = (each: unknown) => typeof each === 'number' && !Number.isFinite(each);
  return column.some(isBeyond) ? column.map(each => (isBeyond(each) ? String(each) : each)) : column;
}
