import { utcFormat, utcParse } from 'd3-time-format';
import type { SeriesTag } from './contract.js';

/** A number as files write it. */
export const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * The times of a series' steps as numbers: those of the data, or milliseconds since 1970 where `timeFormat` says how they
 * are written. The editor shows no series whose times descend; steps of the same time it shows.
 *
 * https://labelstud.io/tags/timeseries
 *
 * @param isText whether they come from CSV, where the editor takes whatever it can for a number
 * @throws Error with a reason for people that names the column and the step, from 0
 * @example
 * timesOf(['08:00', '08:10'], { timeColumn: 'time', timeFormat: '%H:%M' }, false); // [-2208960000000, -2208959400000]
 */
export function timesOf(
  column: readonly unknown[],
  { timeColumn, timeFormat }: SeriesTag,
  isText: boolean,
): number[] {
  const read = timeFormat ? shownTime(timeFormat) : numberOf;
  let previous = Number.NEGATIVE_INFINITY;
  return column.map((value, step) => {
    const wrong = (what: string) => new Error(`its column '${timeColumn}' ${what}`);
    if (value === null || value === undefined || value === '') throw wrong(`has no time at step ${step}`);
    const time = read(value);
    if (time === undefined)
      throw wrong(`has ${JSON.stringify(value)} at step ${step}, which ${reasonAgainst(timeFormat)}`);
    if (timeFormat && isText && NUMBER.test(String(value)) && read(Number(value)) !== time)
      throw wrong(
        `has ${value} at step ${step}, which Label Studio takes for the number ${Number(value)}: write times in CSV with other characters than digits, or the series as JSON`,
      );
    if (time < previous)
      throw wrong(
        `goes back at step ${step}, from ${JSON.stringify(column[step - 1])} to ${JSON.stringify(value)}: sort the rows by time, because Label Studio shows no others`,
      );
    previous = time;
    return time;
  });
}

function reasonAgainst(timeFormat: string | undefined): string {
  return timeFormat
    ? `is not written as timeFormat="${timeFormat}" says`
    : 'is no number: say with timeFormat how times are written';
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/**
 * Reads times where the editor draws them: it fills what stands behind a point up to three digits, or cuts it to three, as
 * if it were a fraction of a second. It then cannot read dates such as 17.05.2024, which are read without that.
 */
function shownTime(timeFormat: string): (value: unknown) => number | undefined {
  const isMicroseconds = timeFormat.includes('%f');
  const hasFraction = /\.%[fL]$/.test(timeFormat);
  const parse = utcParse(timeFormat.replace('%f', '%L'));
  const threeDigits = (_: string, digits: string) => `.${digits.padEnd(3, '0').slice(0, 3)}`;
  return value => {
    const text = String(value);
    const cut = isMicroseconds ? text.replace(/\.(\d{3})\d{3}$/, '.$1') : text;
    const shown = parse(cut.replace(/\.(\d{0,3})\b/, threeDigits));
    const read = shown ?? parse(hasFraction ? text.replace(/\.(\d+)$/, threeDigits) : text);
    return numberOf(read?.getTime());
  };
}

/**
 * Writes times of a series as the editor writes those of a region: as `timeFormat` says, if it would read the same again,
 * else as the number that they are.
 */
export function timeWriter(timeFormat: string | undefined): (time: number) => number | string {
  if (!timeFormat) return time => time;
  const write = utcFormat(timeFormat);
  const read = utcParse(timeFormat);
  return time => {
    const text = write(new Date(time));
    return read(text)?.getTime() === time ? text : time;
  };
}

/** Reads times of regions as the editor does; undefined for what is none. */
export function timeReader(timeFormat: string | undefined): (time: number | string) => number | undefined {
  if (!timeFormat) return numberOf;
  const read = utcParse(timeFormat);
  return time => (typeof time === 'number' ? time : read(time)?.getTime());
}

/** Whether d3, which the editor reads times with, can read what it writes in a format. */
export function isTimeFormat(timeFormat: string): boolean {
  return utcParse(timeFormat)(utcFormat(timeFormat)(new Date(0))) !== null;
}
