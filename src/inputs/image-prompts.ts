import type { InputKind, PlainTensor } from './contract.js';
import { readAddress } from './file.js';
import type { ImageOptions } from './image/encoder.js';
import { image } from './image.js';
import { IMAGE_GRAPH, PromptsEncoder } from './prompts/encoder.js';
import { readPrompts } from './prompts/read.js';

const EMBEDDING: PlainTensor = { type: 'float32', data: Float32Array.of(0.5, 0.25), dims: [1, 2, 1, 1] };

/**
 * The image of an Image tag with what an annotator points at in it: key points and a rectangle of an interactive request.
 * `encoder.onnx` sees the image, once; `model.onnx` gets all that it gives, by name, and the prompts as the decoder of Segment
 * Anything takes them (`point_coords`, `point_labels`, `mask_input`, `has_mask_input`, `orig_im_size`):
 * https://github.com/facebookresearch/segment-anything#onnx-export. Without prompts there is nothing to answer.
 *
 * Its options are those of the input `image`, but for `batch`.
 *
 * @example
 * // Segment Anything: the colours of ImageNet, and bars of 0 behind the normalising.
 * {
 *   "kind": "image-prompts", "width": 1024, "height": 1024, "fit": "letterbox", "align": "start", "pad": "after",
 *   "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]
 * }
 */
export const imagePrompts: InputKind = {
  kind: 'image-prompts',
  file: true,
  graphs: [IMAGE_GRAPH],
  objectTags: ['Image'],
  optionsSchema: {
    ...image.optionsSchema,
    properties: Object.fromEntries(
      Object.entries(image.optionsSchema.properties as object).filter(([name]) => name !== 'batch'),
    ),
  },
  meta: 'image',

  read: (data, place, _options, context) => ({
    file: readAddress(data, place),
    prompts: readPrompts(context, place.object),
  }),

  readsDrawn: (context, object) => readPrompts(context, object) !== null,

  load: async (_folder, options) => PromptsEncoder.create(options as unknown as ImageOptions),

  example: {
    ...image.example,
    context: {
      result: [
        {
          id: 'a',
          type: 'keypointlabels',
          from_name: 'points',
          to_name: 'object',
          value: { x: 75, y: 25, width: 0.5, keypointlabels: ['Car'] },
        },
      ],
    },
    feeds: {
      image_embeddings: EMBEDDING,
      point_coords: { type: 'float32', data: Float32Array.of(1.5, 0.5, 0, 0), dims: [1, 2, 2] },
      point_labels: { type: 'float32', data: Float32Array.of(1, -1), dims: [1, 2] },
      orig_im_size: { type: 'float32', data: Float32Array.of(2, 2), dims: [2] },
    },
    graphs: { [IMAGE_GRAPH]: { feeds: image.example.feeds, outputs: { image_embeddings: EMBEDDING } } },
  },
};
