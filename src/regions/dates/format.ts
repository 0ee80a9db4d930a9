/** A point in time by its parts, as a text or a number says it; the parts that it does not say are undefined. */
export interface Moment {
  year?: number | undefined;
  /** 1..12 */
  month?: number | undefined;
  day?: number | undefined;
  hour?: number | undefined;
  minute?: number | undefined;
  second?: number | undefined;
}

type Whole = Record<keyof Moment, number>;

/** One directive of a format: what a text has there, what that says, and how it is written. */
interface Directive {
  pattern: string;
  read(text: string, moment: Moment): void;
  write(moment: Whole): number | string;
  /** Digits of a number. */
  width?: number;
}

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const SHORT_MONTHS = MONTHS.map(month => month.slice(0, 3));
const ONE_OR_TWO = '\\s*\\d{1,2}';

function part(name: keyof Moment, pattern = ONE_OR_TWO, width = 2): Directive {
  return {
    pattern,
    width,
    read: (text, moment) => {
      moment[name] = Number(text);
    },
    write: moment => moment[name]!,
  };
}

function monthName(names: readonly string[]): Directive {
  return {
    pattern: names.join('|'),
    read: (text, moment) => {
      moment.month = names.findIndex(name => name.toLowerCase() === text.toLowerCase()) + 1;
    },
    write: ({ month }) => names[month - 1]!,
  };
}

/** Those of d3-time-format that say a date or a time: https://d3js.org/d3-time-format */
const DIRECTIVES: Readonly<Record<string, Directive>> = {
  Y: part('year', '\\d{4}', 4),
  y: {
    pattern: '\\d{2}',
    width: 2,
    read: (text, moment) => {
      moment.year = Number(text) + (Number(text) > 68 ? 1900 : 2000);
    },
    write: ({ year }) => year % 100,
  },
  m: part('month'),
  b: monthName(SHORT_MONTHS),
  B: monthName(MONTHS),
  d: part('day'),
  e: part('day'),
  H: part('hour'),
  I: {
    pattern: ONE_OR_TWO,
    width: 2,
    read: (text, moment) => {
      moment.hour = (Number(text) % 12) + ((moment.hour ?? 0) >= 12 ? 12 : 0);
    },
    write: ({ hour }) => hour % 12 || 12,
  },
  M: part('minute'),
  p: {
    pattern: 'AM|PM',
    read: (text, moment) => {
      moment.hour = ((moment.hour ?? 0) % 12) + (text.toUpperCase() === 'PM' ? 12 : 0);
    },
    write: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  },
  S: part('second'),
};

/** A format that `formatOf` has read. */
export interface DateFormat {
  /** What a text of this format says; undefined when it is none, or no date that there is. */
  read(text: string): Moment | undefined;
  /** Parts that are not said are the first: of January, of the day. */
  write(moment: Moment): string;
}

/**
 * Reads a strftime format as Label Studio's editor does, which has d3 for it: `%Y %y %m %b %B %d %e %H %I %M %S %p %%`,
 * and `-`, `_` or `0` before the letter of a number for how it is filled up.
 *
 * @returns null when it has another directive
 * @example
 * formatOf('%d.%m.%Y')?.write({ year: 2024, month: 5, day: 17 }); // '17.05.2024'
 */
export function formatOf(format: string): DateFormat | null {
  const pieces = format.split(/(%[-_0]?[A-Za-z%])/);
  const directives = pieces.map((piece, index) => (index % 2 === 1 ? piece : null));
  const isKnown = (piece: string) => piece === '%%' || Object.hasOwn(DIRECTIVES, piece.at(-1)!);
  if (pieces.some((piece, index) => (index % 2 === 1 ? !isKnown(piece) : piece.includes('%')))) return null;
  const named = directives.flatMap(piece => (piece === null || piece === '%%' ? [] : [piece.at(-1)!]));
  const pattern = pieces.map((piece, index) => {
    if (index % 2 === 1 && piece !== '%%') return `(${DIRECTIVES[piece.at(-1)!]!.pattern})`;
    return (piece === '%%' ? '%' : piece).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/\s+/g, '\\s+');
  });
  const expression = new RegExp(`^${pattern.join('')}$`, 'i');
  return {
    read(text) {
      const found = expression.exec(text);
      if (!found) return undefined;
      const moment: Moment = {};
      for (const [index, name] of named.entries()) DIRECTIVES[name]!.read(found[index + 1]!, moment);
      return isReal(moment) ? moment : undefined;
    },
    write({ year = 1900, month = 1, day = 1, hour = 0, minute = 0, second = 0 }) {
      const whole = { year, month, day, hour, minute, second };
      return directives
        .map((piece, index) => {
          if (piece === null) return pieces[index];
          return piece === '%%' ? '%' : filled(piece, DIRECTIVES[piece.at(-1)!]!, whole);
        })
        .join('');
    },
  };
}

function filled(piece: string, { write, width = 0 }: Directive, moment: Whole): string {
  const text = String(write(moment));
  if (piece[1] === '-') return text;
  const fill = piece[1] === '_' || (piece.endsWith('e') && piece[1] !== '0') ? ' ' : '0';
  return text.padStart(width, fill);
}

const ISO_DATE =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?$/;
const ISO_TIME = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?$/;

/**
 * Reads a date, a time or both as ISO 8601 writes them; a zone is left out, because the editor has none.
 *
 * @returns undefined when it is none, or no date that there is
 * @example
 * readIso('2024-02-30'); // undefined
 */
export function readIso(text: string): Moment | undefined {
  const number = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits));
  const date = ISO_DATE.exec(text)?.slice(1).map(number);
  const [hour, minute, second] = date?.slice(3) ?? ISO_TIME.exec(text)?.slice(1).map(number) ?? [];
  if (date === undefined && hour === undefined) return undefined;
  const [year, month, day] = date ?? [];
  const moment = { year, month, day, hour, minute, second };
  return isReal(moment) ? moment : undefined;
}

/** Whether there is such a date and such a time; the editor takes years of four digits alone. */
function isReal({ year = 2000, month = 1, day = 1, hour = 0, minute = 0, second = 0 }: Moment): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDate && year >= 1000 && year <= 9999 && hour < 24 && minute < 60 && second < 60;
}

/**
 * The parts of a time in UTC.
 * @param milliseconds since 1970
 * @returns undefined when it has no year of four digits
 */
export function momentOf(milliseconds: number): Moment | undefined {
  const date = new Date(milliseconds);
  const year = date.getUTCFullYear();
  if (!(year >= 1000 && year <= 9999)) return undefined;
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}
