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

/** Some samples of a recording as its file has them. */
export interface Piece {
  /** Of each channel as many, -1..1 but for files that say otherwise. */
  channels: readonly Float32Array[];
  /** Samples of a second. */
  rate: number;
}

/**
 * Reads a format of sound files.
 *
 * @throws Error with a reason for people when the file is broken; OtherCodec when it holds what only ffmpeg decodes
 */
export type ReadSound = (file: AsyncIterable<Buffer>) => AsyncIterable<Piece>;

/** Says that a container is known, and what it holds is not. */
export class OtherCodec extends Error {}
