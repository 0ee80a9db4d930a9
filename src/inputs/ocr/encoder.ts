import { messageOf } from '../../errors.js';
import type { Region } from '../../regions/contract.js';
import { keyOf } from '../../regions/image/control.js';
import type { Box } from '../../regions/image/geometry.js';
import type { AnsweredBatch, Encoder, PlainTensor, RunGraph, TaskFailure, TaskValue } from '../contract.js';
import { type FileValue, fileBytes, undecodable } from '../file.js';
import type { ImageMeta } from '../image/contract.js';
import { type Decode, loadDecoder, type Pixels } from '../image/decode.js';
import { boxOfRectangle } from '../image/drawn.js';
import { WARM_UP } from '../image/encoder.js';
import { resample } from '../image/resample.js';
import type { LineText, Picture } from './contract.js';
import { cut, linePlace, placeOf } from './crop.js';
import { outputOf, Recognizer, SURE } from './recognizer.js';
import { textBoxes } from './text-boxes.js';

/** An image, and what the annotator has just drawn on it. */
export interface OcrValue extends FileValue {
  /** The results of a rectangle. */
  drawn?: readonly [Region, ...Region[]];
}

/** The manifest's `input`, without `kind`. */
export interface OcrOptions {
  longest_side?: number;
  map?: string;
  classes?: string;
}

/** PaddleOCR's `det_limit_side_len` where `det_limit_type` is `max`. */
export const SIDE = 960;
/**
 * Pages whose shorter side has fewer pixels are enlarged before detection, at most to twice their size. PaddleOCR does so with
 * `det_limit_type` `min`, whose limit is 64 or 736 by release. Of letters of 6 to 8 pixels on small pages, 59 % are read right
 * with a limit of 64, 64 % with 736, and 87 % with the rule here.
 *
 * @see https://github.com/PaddlePaddle/PaddleX/blob/develop/paddlex/configs/pipelines/OCR.yaml
 */
const SHORT_SIDE = 320;
const MOST_ENLARGED = 2;
/** What is added on each side of a line before it is read, as a share of its height: without it, spaces are lost. */
const MARGIN = 0.15;
/** A line must be wider and higher than this, in pixels of the picture, as in PaddleOCR's `filter_tag_det_res`. */
const LEAST_LINE = 4;
/** The longer side of what lines are cut out of, in pixels. */
const MOST_SIDE = 4096;
/** Sides of what the detector sees are multiples of this. */
const STEP = 32;
/** ImageNet's, in the order of PP-OCR, whose images have blue first. */
export const MEAN = [0.485, 0.456, 0.406];
export const STD = [0.229, 0.224, 0.225];

interface Line extends LineText {
  /** In pixels of the detector's map. */
  box: Box;
  /** How sure the detector is. */
  found: number;
}

/** The lines of a picture, and the size of the map that their boxes are in. */
interface Lines extends Size {
  lines: Line[];
  /** What the detector gave. */
  detected: Record<string, PlainTensor>;
}

/** In pixels. */
interface Size {
  width: number;
  height: number;
}

/** Finds the lines of images and reads them, one image at a time. */
export class OcrEncoder implements Encoder {
  readonly warmUp = WARM_UP;
  readonly outputs = ['line_boxes', 'line_angles', 'line_scores', 'line_texts', 'line_text_scores'];
  readonly #decode: Decode;
  readonly #recognizer: Recognizer;
  /** The longer side of what the detector sees, at most. */
  readonly #side: number;
  readonly #map: string | undefined;

  private constructor(decode: Decode, characters: readonly string[], options: OcrOptions) {
    this.#decode = decode;
    this.#recognizer = new Recognizer(characters, options.classes);
    this.#side = options.longest_side ?? SIDE;
    this.#map = options.map;
  }

  static async create(characters: readonly string[], options: OcrOptions): Promise<OcrEncoder> {
    return new OcrEncoder(await loadDecoder(), characters, options);
  }

  async *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
    run: RunGraph,
  ): AsyncGenerator<AnsweredBatch> {
    for (const [row, value] of values.entries()) {
      const { drawn } = value as OcrValue;
      let pixels: Pixels;
      try {
        pixels = await this.#decode(await fileBytes(value as FileValue), (width, height) => ({
          ...sizeWithin(MOST_SIDE, { width, height }),
          color: 'opencv',
          resample: 'opencv-linear',
        }));
      } catch (error) {
        fail(row, undecodable('an image', messageOf(error)));
        continue;
      }
      const { data, meta } = pixels;
      const picture = { data, width: meta.tensorWidth, height: meta.tensorHeight };
      const { lines, detected, ...map } = await (drawn === undefined
        ? this.#lines(picture, run)
        : this.#drawnLine(picture, drawn[0], run));
      yield {
        rows: [row],
        metas: [metaOf(meta, map)],
        outputs: { ...detected, ...outputsOf(lines) },
        ...(drawn && { drawn: [{ results: drawn, key: keyOf({ index: 0 }) }] }),
      };
    }
  }

  async #lines(picture: Picture, run: RunGraph): Promise<Lines> {
    const { width, height } = detectorSize(picture, this.#side);
    const pixels = resample(picture, { width, height }, 'opencv-linear');
    const detected = await run({ x: tensorOf(pixels, width, height) });
    const map = outputOf(detected, this.#map, 'model.onnx');
    const [, , rows = 0, columns = 0] = map.dims;
    const scale = [picture.width / columns, picture.height / rows] as const;
    const boxes = textBoxes(map.data as Float32Array, columns, rows).filter(({ box }) => {
      const { width, height } = placeOf(box, { scale });
      return Math.min(width, height) >= LEAST_LINE;
    });
    const places = boxes.map(({ box }) => linePlace(box, { scale, margin: MARGIN }));
    const texts = await this.#recognizer.read(picture, places, run);
    const lines = boxes.map(({ box, score }, index) => ({ box, found: score, ...texts[index]! }));
    return { lines: lines.filter(({ text }) => text.trim() !== ''), detected, width: columns, height: rows };
  }

  /** What is written in a rectangle: a line, or several, where that makes more sense. */
  async #drawnLine(picture: Picture, drawn: Region, run: RunGraph): Promise<Lines> {
    const box = boxOfRectangle(drawn, picture);
    const { lines, detected } = await this.#lines(cut(picture, placeOf(box)), run);
    const [whole] = await this.#recognizer.read(picture, [linePlace(box)], run);
    const score = Math.min(...lines.map(each => each.score));
    const text =
      lines.length > 1 && whole!.score < Math.min(score, SURE)
        ? { text: lines.map(each => each.text.trim()).join('\n'), score }
        : whole!;
    return {
      lines: [{ box, found: 1, ...text }],
      detected,
      width: picture.width,
      height: picture.height,
    };
  }
}

/** The size of an image that is shrunk until its longer side fits. */
function sizeWithin(most: number, { width, height }: Size): Size {
  const scale = Math.min(1, most / Math.max(width, height));
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return { width: side(width), height: side(height) };
}

/**
 * The size in which the detector sees a page, as PaddleOCR's `DetResizeForTest` rounds it.
 *
 * @see https://github.com/PaddlePaddle/PaddleOCR/blob/v2.7.0/ppocr/data/imaug/operators.py
 * @param longest pixels of the longer side, at most
 */
export function detectorSize({ width, height }: Size, longest: number): Size {
  const enlarged = Math.min(MOST_ENLARGED, Math.max(1, SHORT_SIDE / Math.min(width, height)));
  const scale = Math.min(enlarged, longest / Math.max(width, height));
  const side = (pixels: number) => Math.max(1, halfToEven(Math.trunc(pixels * scale) / STEP)) * STEP;
  return { width: side(width), height: side(height) };
}

/** Rounds as Python does. */
function halfToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}

/** Where the map of a detector lies on the image. */
function metaOf({ width, height }: ImageMeta, map: Size): ImageMeta {
  return {
    width,
    height,
    tensorWidth: map.width,
    tensorHeight: map.height,
    scaleX: map.width / width,
    scaleY: map.height / height,
    left: 0,
    top: 0,
  };
}

function tensorOf(pixels: Uint8Array, width: number, height: number): PlainTensor {
  const plane = width * height;
  const data = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0, at = 2 - channel; i < plane; i++, at += 3)
      data[channel * plane + i] = (pixels[at]! / 255 - MEAN[channel]!) / STD[channel]!;
  }
  return { type: 'float32', data, dims: [1, 3, height, width] };
}

function outputsOf(lines: readonly Line[]): Record<string, PlainTensor> {
  const floats = (data: number[], ...dims: number[]): PlainTensor => ({
    type: 'float32',
    data: Float32Array.from(data),
    dims: [1, lines.length, ...dims],
  });
  return {
    line_boxes: floats(
      lines.flatMap(({ box: { x, y, width, height } }) => [x, y, width, height]),
      4,
    ),
    line_angles: floats(lines.map(({ box }) => box.angle)),
    line_scores: floats(lines.map(({ found }) => found)),
    line_texts: { type: 'string', data: lines.map(({ text }) => text), dims: [1, lines.length] },
    line_text_scores: floats(lines.map(({ score }) => score)),
  };
}
