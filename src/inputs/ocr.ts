import { AppError } from '../errors.js';
import type { InputKind } from './contract.js';
import { VersionFiles } from './features/files.js';
import { readAddress } from './file.js';
import { drawnRectangle } from './image/drawn.js';
import { WARM_UP } from './image/encoder.js';
import { MEAN, OcrEncoder, type OcrOptions, SIDE, STD } from './ocr/encoder.js';
import { RECOGNIZER } from './ocr/recognizer.js';

const CHARACTERS = 'characters.json';

/** A white image as the detector sees it, and its map of one line. */
const WHITE = Float32Array.from(
  { length: 3 * 32 * 32 },
  (_, at) => (1 - MEAN[Math.floor(at / (32 * 32))]!) / STD[Math.floor(at / (32 * 32))]!,
);
const LINE = Float32Array.from({ length: 32 * 32 }, (_, at) => Number(at >= 12 * 32 && at < 20 * 32));

/**
 * The lines of text in the image of an Image tag: `model.onnx` finds them, `recognizer.onnx` reads them, and
 * `characters.json` lists its characters. The two are graphs as PaddleOCR's are (PP-OCR). What the version's outputs can
 * name is then `line_boxes` [rows, lines, 4], their `line_angles` and `line_scores` [rows, lines], `line_texts` and `line_text_scores`
 * [rows, lines].
 *
 * When an annotator has just drawn a rectangle, that is read, whatever the detector finds.
 *
 * @example
 * { "kind": "ocr", "longest_side": 1280 }
 */
export const ocr: InputKind = {
  kind: 'ocr',
  file: true,
  graphs: [RECOGNIZER],
  objectTags: ['Image'],
  optionsSchema: {
    properties: {
      longest_side: {
        type: 'integer',
        minimum: 32,
        maximum: 4096,
        description: `pixels of the longer side of what the detector sees, at most (default ${SIDE})`,
      },
      map: { type: 'string', minLength: 1, description: "the detector's output (default: its first)" },
      classes: { type: 'string', minLength: 1, description: "the recogniser's output (default: its first)" },
    },
    required: [],
  },
  meta: 'image',

  read(data, place, _options, context) {
    const drawn = drawnRectangle(context, place.object);
    return { file: readAddress(data, place), ...(drawn && { drawn }) };
  },

  readsDrawn: (context, object) => drawnRectangle(context, object) !== undefined,

  async load(folder, options) {
    const characters = await new VersionFiles(folder).json(CHARACTERS);
    if (!Array.isArray(characters) || !characters.every(each => typeof each === 'string'))
      throw new AppError('version_invalid', `${CHARACTERS} is no list of characters`);
    return OcrEncoder.create(characters, options as OcrOptions);
  },

  example: {
    options: { map: 'map', classes: 'classes' },
    object: '<Image name="object" value="$image"/>',
    data: { image: WARM_UP.file },
    files: { [CHARACTERS]: ['a', 'b'] },
    feeds: { x: { type: 'float32', data: WHITE, dims: [1, 3, 32, 32] } },
    graphs: {
      'model.onnx': { outputs: { map: { type: 'float32', data: LINE, dims: [1, 1, 32, 32] } } },
      [RECOGNIZER]: {
        feeds: { x: { type: 'float32', data: new Float32Array(3 * 48 * 320), dims: [1, 3, 48, 320] } },
        outputs: {
          classes: {
            type: 'float32',
            data: Float32Array.of(0, 0.25, 0.75, 1, 0, 0, 0, 1, 0),
            dims: [1, 3, 3],
          },
        },
      },
    },
  },
};
