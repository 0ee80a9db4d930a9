import type { Window } from '../windows.js';

/** What a TimeSeries tag says of its data. */
export interface SeriesTag {
  /** The column of the times, by name or by number; absent: steps are numbered from 0. */
  timeColumn?: string;
  /** How times are written; absent: they are numbers. */
  timeFormat?: string;
  /** What stands between two values of a line of CSV. */
  sep?: string;
}

/** What `time-series` reads of a task. */
export interface SeriesValue {
  /** The address of a CSV or JSON file. */
  file?: string;
  /** The columns themselves. */
  columns?: Readonly<Record<string, readonly unknown[]>>;
  tag: SeriesTag;
}

/** What the input `time-series` knows of a row (its `meta`); windows count steps. */
export interface SeriesMeta extends Window {
  /** The time of each step of the whole series, as the editor has it. */
  times: readonly (number | string)[];
}
