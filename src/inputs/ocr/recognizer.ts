import type { PlainTensor, RunGraph } from '../contract.js';
import { resample } from '../image/resample.js';
import type { LineText, Picture } from './contract.js';
import { cut, type LinePlace, upsideDown } from './crop.js';

/** The file of the version's folder that reads lines. */
export const RECOGNIZER = 'recognizer.onnx';

/** Pixels of a line: PP-OCR's `rec_image_shape` is 3, 48, 320. */
const HEIGHT = 48;
const LEAST_WIDTH = 320;
const MOST_WIDTH = 4096;
/** Pixels of all lines of a run, in a row, with what fills the shorter ones: what the graph gives for each is large. */
const RUN_WIDTH = 4096;

/** The least score of a line that is certainly read as it was written. */
export const SURE = 0.8;

/** The class of no character. */
const BLANK = 0;

/**
 * Reads lines with a recogniser of PP-OCR: [lines, 3, 48, width] in, blue first, -1 to 1; [lines, steps, 1 + characters] out,
 * the first class being none (CTC).
 */
export class Recognizer {
  readonly #characters: readonly string[];
  readonly #classes: string | undefined;

  /**
   * @param characters of the classes after the first
   * @param classes the graph's output; absent: its first
   */
  constructor(characters: readonly string[], classes?: string) {
    this.#characters = characters;
    this.#classes = classes;
  }

  /**
   * Reads each place, and upside down where that makes no sense.
   * @returns a text for each place
   */
  async read(picture: Picture, places: readonly LinePlace[], run: RunGraph): Promise<LineText[]> {
    const texts = await this.#read(picture, places, run);
    const doubtful = texts.flatMap(({ score }, index) => (score < SURE ? [index] : []));
    const turned = doubtful.map(index => upsideDown(places[index]!));
    for (const [at, text] of (await this.#read(picture, turned, run)).entries()) {
      const index = doubtful[at]!;
      if (text.score > texts[index]!.score) texts[index] = text;
    }
    return texts;
  }

  async #read(picture: Picture, places: readonly LinePlace[], run: RunGraph): Promise<LineText[]> {
    const texts: LineText[] = new Array(places.length);
    const lines = places
      .map((place, index) => {
        const width = Math.ceil((HEIGHT * place.width) / Math.max(place.height, 1));
        return { place, index, width: Math.min(Math.max(width, 1), MOST_WIDTH) };
      })
      .sort((a, b) => a.width - b.width);
    while (lines.length > 0) {
      // The widest of those that are left says how many there can be.
      const widest = Math.max(lines.at(-1)!.width, LEAST_WIDTH);
      const batch = lines.splice(-Math.max(1, Math.floor(RUN_WIDTH / widest)));
      const crops = batch.map(({ place, width }) => {
        const size = { width, height: HEIGHT };
        return { data: resample(cut(picture, place), size, 'opencv-linear'), ...size };
      });
      const answer = await run({ x: tensorOf(crops, widest) }, RECOGNIZER);
      const classes = outputOf(answer, this.#classes, RECOGNIZER);
      for (const [row, { index }] of batch.entries()) texts[index] = this.#decode(classes, row);
    }
    return texts;
  }

  /** The likeliest class of each step, where it differs from that of the step before. */
  #decode({ data, dims }: PlainTensor, row: number): LineText {
    const [, steps = 0, classes = 0] = dims;
    if (classes !== this.#characters.length + 1)
      throw new Error(`${RECOGNIZER} has ${classes} classes, and ${this.#characters.length} characters`);
    let text = '';
    let [sum, count, last] = [0, 0, BLANK];
    for (let step = 0; step < steps; step++) {
      const first = (row * steps + step) * classes;
      let best = 0;
      for (let each = 1; each < classes; each++) if (data[first + each]! > data[first + best]!) best = each;
      if (best !== last && best !== BLANK) {
        text += this.#characters[best - 1]!;
        sum += Number(data[first + best]);
        count++;
      }
      last = best;
    }
    // What stands at the ends is the margin.
    return { text: text.trim(), score: count === 0 ? 0 : sum / count };
  }
}

/** The output of a graph by its name, or the first. */
export function outputOf(
  outputs: Readonly<Record<string, PlainTensor>>,
  name: string | undefined,
  graph: string,
): PlainTensor {
  const output = name === undefined ? Object.values(outputs)[0] : outputs[name];
  if (output === undefined)
    throw new Error(`${graph} has no output ${name}; it has ${Object.keys(outputs).join(', ')}`);
  return output;
}

/** Blue first, -1 to 1; what is right of a shorter line is grey. */
function tensorOf(crops: readonly Picture[], width: number): PlainTensor {
  const plane = HEIGHT * width;
  const data = new Float32Array(crops.length * 3 * plane);
  for (const [index, crop] of crops.entries()) {
    for (let channel = 0; channel < 3; channel++) {
      const first = (index * 3 + channel) * plane;
      for (let y = 0; y < HEIGHT; y++) {
        for (let x = 0, at = y * crop.width * 3 + 2 - channel; x < crop.width; x++, at += 3)
          data[first + y * width + x] = crop.data[at]! / 127.5 - 1;
      }
    }
  }
  return { type: 'float32', data, dims: [crops.length, 3, HEIGHT, width] };
}
