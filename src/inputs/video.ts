import { isRecord } from '../is-record.js';
import { attribute } from '../label-config/attribute.js';
import type { InputKind, InputPlace } from './contract.js';
import { readAddress } from './file.js';
import { image } from './image.js';
import { parseShown, shownValue, written } from './shown/value.js';
import type { VideoValue } from './video/contract.js';
import { VideoEncoder, type VideoOptions } from './video/encoder.js';

/** The editor's own: https://labelstud.io/tags/video */
const FRAME_RATE = 24;

/**
 * Frames of the video of a Video tag: each a row `[rows, channels, height, width]` for models of images, or clips of several,
 * `[rows, frames, channels, height, width]`. They are read with ffmpeg, and fitted and normalised as images are.
 *
 * @example
 * // A detector of images that looks at five frames of each second.
 * { "kind": "video", "fps": 5, "width": 640, "height": 640, "fit": "letterbox", "fill": 114 }
 * @example
 * // A classifier of videos that takes 16 frames of all of it.
 * { "kind": "video", "clip": 16, "spread": true, "width": 224, "height": 224 }
 */
export const video: InputKind = {
  kind: 'video',
  file: true,
  objectTags: ['Video'],
  optionsSchema: {
    properties: {
      ...(image.optionsSchema.properties as object),
      fps: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 240,
        description: 'frames that are read of a second (default: the frameRate of the Video tag)',
      },
      clip: {
        type: 'integer',
        minimum: 1,
        maximum: 1024,
        description: 'frames of a row; without it each frame is a row, without an axis of frames',
      },
      overlap: {
        type: 'integer',
        minimum: 0,
        description: 'frames that two clips share (default 0)',
      },
      spread: { type: 'boolean', description: 'one clip, of frames from all of the video' },
      layout: {
        enum: ['nchw', 'nhwc', 'ncthw'],
        description: 'default nchw; frames of clips are the second axis, or with ncthw the third',
      },
      batch: {
        type: 'integer',
        minimum: 1,
        maximum: 256,
        description: 'the most rows of a run (default 8 frames, or 1 clip)',
      },
    },
  },
  meta: 'video',

  read: (data, place): VideoValue => ({
    file: readAddress(data, place),
    frameRate: frameRateOf(data, place),
  }),

  load: async (_folder, options) => VideoEncoder.create(options as unknown as VideoOptions),

  example: {
    options: { width: 1, height: 1, fps: 10, scale: 1 },
    object: '<Video name="object" value="$video" frameRate="10"/>',
    // Red for a tenth of a second, then blue for as long.
    data: {
      video:
        'data:image/gif;base64,R0lGODlhAQABAIEAAP8AAAAA/wAAAAAAACH5BAAKAAAALAAAAAABAAEAAAgEAAEEBAAh+QQACgAAACwAAAAAAQABAIH/AAAAAP8AAAAAAAAIBAADBAQAOw==',
    },
    files: {},
    feeds: {
      pixel_values: { type: 'float32', data: Float32Array.of(255, 0, 0, 0, 0, 255), dims: [2, 3, 1, 1] },
    },
  },
};

/** As the editor reads the tag's `frameRate`, which may name something of the task's data; below 1 it is seconds of a frame. */
function frameRateOf(
  data: Readonly<Record<string, unknown>>,
  { attributes }: Pick<InputPlace, 'attributes'>,
): number {
  const shown = parseShown(attribute(attributes, 'frameRate') ?? '');
  const value = shownValue(data, shown);
  // A list is a number where it holds one, as in JavaScript.
  const rate = Array.isArray(value) ? Number(written(value, shown)) : isRecord(value) ? 0 : Number(value);
  if (!Number.isFinite(rate) || rate <= 0) return FRAME_RATE;
  return rate < 1 ? 1 / rate : rate;
}
