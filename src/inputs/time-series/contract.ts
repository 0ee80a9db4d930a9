import type { Window } from '../windows.js';

/** What a TimeSeries tag says of its data. */
export interface SeriesTag {
  /** The column of the times, by name or by number; absent: steps are numbered from 0. */
  timeColumn?: string;
  /** How times are written, as d3 says it; absent: they are numbers. */
  timeFormat?: string;
  /** What stands between two values of a line of CSV: a character, or a word of the editor's. */
  sep?: string;
}

/** What `time-series` reads of a task. */
export interface SeriesValue {
  /** The address of a CSV or JSON file. */
  file?: string;
  /** The series itself as JSON. */
  json?: string;
  /** The columns themselves. */
  columns?: Readonly<Record<string, readonly unknown[]>>;
  tag: SeriesTag;
}

/** When the steps of a series are. */
export interface SeriesTiming {
  /** The time of each step of the whole series, in order: as a number, or in milliseconds since 1970. */
  times: readonly number[];
  /** How the times of regions are written, as d3 says it; absent: they are numbers. */
  timeFormat?: string;
}

/** What the input `time-series` knows of a row (its `meta`); windows count steps. */
export interface SeriesMeta extends Window, SeriesTiming {}
