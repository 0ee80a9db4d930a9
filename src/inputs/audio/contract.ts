import type { Window } from '../windows.js';

/** What the input `audio` knows of a row (its `meta`); windows count samples at the graph's rate. */
export interface AudioMeta extends Window {
  /** Samples of a second. */
  rate: number;
  /** Seconds of the whole recording. */
  duration: number;
  /** The channel that was heard; 0 also where all were mixed. */
  channel: number;
}
