import { AppError } from '../errors.js';
import { attribute } from '../label-config/attribute.js';
import type { BindTarget, RegionKind, RegionOptions } from './contract.js';
import { type DateFormat, formatOf, type Moment, momentOf, readIso } from './dates/format.js';
import { VALUE } from './output-kinds.js';
import { valueRow } from './outputs.js';
import { OUTDATED, readOne, UNREADABLE } from './reading.js';
import { TEXTS, textsOf } from './text-area.js';
import { checkWholeTask } from './whole-task.js';

/** What of a control's attributes says how it shows a date. */
type Shape = Partial<Record<(typeof SHAPE)[number], string>>;

const SHAPE = ['only', 'format', 'min', 'max'] as const;

interface DateTimeBinding {
  shape: Shape;
  /** Milliseconds of a unit of a value. */
  unit: number;
}

const UNITS = { milliseconds: 1, seconds: 1000, days: 86_400_000 };

/**
 * Texts that are dates, or values that are times since 1970, to `<DateTime>`.
 *
 * A text is ISO 8601 or of the control's own `format`; any other gives no result, and neither does a date without a year of
 * four digits or one beyond `min` and `max`, which the editor refuses to submit. The validator takes every text.
 *
 * Format: https://labelstud.io/tags/datetime. What `only` makes of it is in
 * https://github.com/HumanSignal/label-studio/blob/develop/web/libs/editor/src/tags/control/DateTime.jsx: a time alone is
 * never formatted, and a month or a year is stored as its first day.
 */
export const dateTime: RegionKind<DateTimeBinding> = {
  tag: 'DateTime',
  type: 'datetime',
  perItem: true,
  optionsSchema: {
    properties: {
      unit: {
        enum: Object.keys(UNITS),
        description: 'what a value counts, since 1970 in UTC (default seconds)',
      },
    },
    required: [],
  },
  outputKinds: { ...TEXTS, ...VALUE },

  check(target) {
    checkWholeTask(target);
    const shape = shapeOf(target);
    const { only, format } = shape;
    const { date, year } = partsOf(only);
    if (!date && !year && only !== 'time') {
      throw new AppError(
        'no_model_fits',
        `needs a DateTime of a date, a year or a time; the config's '${target.name}' has only="${only}"`,
      );
    }
    if (formatFor(shape) === null) {
      throw new AppError(
        'no_model_fits',
        `writes dates as %Y, %m, %d, %H, %M and their like; the config's DateTime '${target.name}' has format="${format}"`,
      );
    }
  },

  bind: (target, _, options) => ({ shape: shapeOf(target), unit: unitOf(options) }),

  encode(answer, output, { shape, unit }) {
    const format = formatFor(shape)!;
    const moments =
      output.kind === 'value'
        ? [momentOf(valueRow(answer, output) * unit)]
        : textsOf(answer, output).map(text => format.read(text) ?? readIso(text));
    const moment = moments
      .map(each => shown(each, shape))
      .find(each => each !== undefined && fits(each, shape));
    return {
      results: moment === undefined ? [] : [{ value: { datetime: format.write(moment) } }],
      score: null,
    };
  },

  reader(target) {
    const shape = shapeOf(target);
    const format = formatFor(shape)!;
    return {
      labels: null,
      read: results =>
        readOne(results, ({ datetime }) => {
          if (typeof datetime !== 'string') return UNREADABLE;
          const moment = shown(format.read(datetime), shape);
          if (moment === undefined) return UNREADABLE;
          return fits(moment, shape) ? { target: datetime, outdated: false } : OUTDATED;
        }),
    };
  },

  example: {
    control: '<DateTime name="control" toName="object" only="date" format="%d.%m.%Y" max="2030-01-01"/>',
    options: {},
    output: { name: 'due', kind: 'texts', tensor: 'texts' },
    outputs: { texts: { type: 'string', data: ['no date', ' 2024-05-17 '], dims: [1, 2] } },
    encoded: { results: [{ value: { datetime: '17.05.2024' } }], score: null },
    target: '17.05.2024',
  },
  otherExamples: [
    {
      control: '<DateTime name="control" toName="object"/>',
      options: { unit: 'seconds' },
      output: { name: 'due', kind: 'value', tensor: 'values' },
      outputs: { values: { type: 'float64', data: Float64Array.of(1715956245.5), dims: [1, 1] } },
      encoded: { results: [{ value: { datetime: '2024-05-17T14:30' } }], score: null },
      target: '2024-05-17T14:30',
    },
  ],
};

function shapeOf({ attributes }: Pick<BindTarget, 'attributes'>): Shape {
  const given = SHAPE.map(each => [each, attribute(attributes, each)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function unitOf({ unit = 'seconds' }: RegionOptions): number {
  return UNITS[unit as keyof typeof UNITS];
}

/** What the control shows; a date wins over a month and a year. */
function partsOf(only = '') {
  const date = only === '' || only.includes('date');
  return {
    date,
    time: only === '' || only.includes('time'),
    month: !date && only.includes('month'),
    year: !date && only.includes('year'),
  };
}

function formatFor({ only, format }: Shape): DateFormat | null {
  if (only === 'time') return formatOf('%H:%M');
  return formatOf(format || (partsOf(only).time ? '%Y-%m-%dT%H:%M' : '%Y-%m-%d'));
}

/** What the control shows of a moment, undefined when that is not all there; of a date, the time may be missing. */
function shown(moment: Moment | undefined, { only }: Shape): Moment | undefined {
  const { date, month, year } = partsOf(only);
  const { hour, minute, ...day } = moment ?? {};
  const needed = date
    ? [day.year, day.month, day.day]
    : year
      ? [day.year, month ? day.month : 0]
      : [hour, minute];
  if (needed.includes(undefined)) return undefined;
  return date || !year ? moment : { hour, minute, year: day.year, month: month ? day.month : undefined };
}

/** Whether the editor would submit it: it compares texts. */
function fits(moment: Moment, { only, min, max }: Shape): boolean {
  if (only === 'time') return true;
  const iso = formatOf(only?.includes('year') ? '%Y' : '%Y-%m-%d')!.write(moment);
  return (!min || iso >= min) && (!max || iso <= max);
}
