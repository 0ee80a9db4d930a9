import type { FileValue } from '../file.js';
import type { ImageMeta } from '../image/contract.js';
import type { Window } from '../windows.js';

/** What `video` reads of a task. */
export interface VideoValue extends FileValue {
  /** Frames of a second, as the Video tag counts them. */
  frameRate: number;
}

/** A video as the editor knows it: its frames are numbered from 1 by the tag's frame rate, whatever the file's is. */
export interface EditorVideo {
  framesCount: number;
  /** Seconds. */
  duration: number;
  frameRate: number;
}

/** What the input `video` knows of a row (its `meta`); windows count the frames that were read. */
export interface VideoMeta extends Window {
  video: EditorVideo;
  /** Seconds from one frame that was read to the next; the first one is that of second 0. */
  step: number;
  /** Where a frame lies in the tensor. */
  image: ImageMeta;
}

/**
 * The number of the frame that the editor shows at a time.
 *
 * @param seconds from 0
 * @example
 * editorFrame({ framesCount: 50, duration: 2, frameRate: 25 }, 0.5); // 13
 */
export function editorFrame({ framesCount, frameRate }: EditorVideo, seconds: number): number {
  // A time such as 3 x 0.04 s can be a last bit below its frame.
  return Math.min(Math.max(Math.floor(seconds * frameRate + 1e-6), 0) + 1, framesCount);
}
