import type { InputKind } from './contract.js';
import { readAddress } from './file.js';
import { ImageEncoder, type ImageOptions } from './image/encoder.js';
import { KERNELS } from './image/kernels.js';

const COLOUR = { type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 3 } as const;
/** Pixels of a side: what graphs of images take is far below. */
const SIDE = { type: 'integer', minimum: 1, maximum: 8192 } as const;

/**
 * The image of an Image tag as one tensor of its pixels, `[rows, channels, height, width]` or `[rows, height, width,
 * channels]`: turned as its EXIF orientation says, with the colours that Pillow reads, of several frames the first. Graphs that
 * ask for it get `pixel_mask`, `orig_target_sizes`, `im_shape` and `scale_factor` as well.
 *
 * @example
 * // What the image processors of most Vision Transformers do.
 * { "kind": "image", "width": 224, "height": 224, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5] }
 */
export const image: InputKind = {
  kind: 'image',
  file: true,
  objectTags: ['Image'],
  optionsSchema: {
    properties: {
      width: { ...SIDE, description: 'pixels of a row of the tensor; with edges it may be absent' },
      height: { ...SIDE, description: 'rows of the tensor; with edges it may be absent' },
      fit: {
        enum: ['stretch', 'letterbox', 'crop', 'edges', 'none'],
        description:
          'how an image of another shape fits: stretched (default), whole with bars beside it, its middle, scaled by its edges, or as it is',
      },
      shortest_edge: {
        ...SIDE,
        description:
          'with crop and edges: pixels that the shorter side is scaled to (default of crop: what just fills the tensor)',
      },
      longest_edge: { ...SIDE, description: 'with edges: pixels that the longer side has at most' },
      multiple_of: {
        ...SIDE,
        description:
          'with edges without a width and height, and with none: sides of the tensor are multiples of this (default 1)',
      },
      rounding: {
        enum: ['torchvision', 'transformers', 'nearest', 'down'],
        description:
          'how scaled sides become whole pixels: as a library does it (default torchvision), or to the nearest number (default of letterbox, and of longest_edge alone), or down',
      },
      align: {
        enum: ['center', 'start'],
        description: 'with letterbox, edges and none: the image in the middle (default), or at the top left',
      },
      fill: {
        anyOf: [{ type: 'number' }, { ...COLOUR }],
        description: 'what the bars are, a number or one for each channel (default 0)',
      },
      pad: {
        enum: ['before', 'after'],
        description:
          'when bars are put beside the image: before the normalising (default; fill is a level of 0 to 255), or after it (fill is a number of the tensor)',
      },
      resample: {
        enum: KERNELS,
        description:
          "how it is scaled: a filter of Pillow (default bilinear), one of torch, or OpenCV's INTER_LINEAR",
      },
      color: {
        enum: ['pillow', 'opencv', 'managed'],
        description:
          'how colours are read: as Pillow does (default) or OpenCV, or with profiles and transparency as a browser shows them',
      },
      channels: { enum: ['rgb', 'bgr', 'gray'], description: 'default rgb' },
      layout: { enum: ['nchw', 'nhwc'], description: 'default nchw' },
      dtype: {
        enum: ['float32', 'uint8'],
        description: 'default float32; uint8 takes no scale, mean and std',
      },
      scale: { type: 'number', description: 'what each of 0..255 is multiplied with (default 1/255)' },
      mean: { ...COLOUR, description: 'taken off after that, for each channel (default 0)' },
      std: {
        ...COLOUR,
        items: { type: 'number', exclusiveMinimum: 0 },
        description: 'what the rest is divided by, for each channel (default 1)',
      },
      tensor: { type: 'string', minLength: 1, description: "the graph's input (default pixel_values)" },
      batch: {
        type: 'integer',
        minimum: 1,
        maximum: 256,
        description: 'the most images of a run (default 8); 1 for a graph of a fixed size',
      },
    },
  },
  meta: 'image',

  read: (data, place) => ({ file: readAddress(data, place) }),

  load: async (_folder, options) => ImageEncoder.create(options as unknown as ImageOptions),

  example: {
    options: { width: 2, height: 2, scale: 1 },
    object: '<Image name="object" value="$image"/>',
    data: {
      image:
        'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAFElEQVQI12P4z8DAAMIM/////w8AH+4F+5iFu/UAAAAASUVORK5CYII=',
    },
    files: {},
    feeds: {
      pixel_values: {
        type: 'float32',
        data: Float32Array.of(255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255),
        dims: [1, 3, 2, 2],
      },
    },
  },
};
