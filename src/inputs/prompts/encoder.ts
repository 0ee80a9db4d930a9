import { createHash } from 'node:crypto';
import { messageOf } from '../../errors.js';
import { LruMap } from '../../lru-map.js';
import { cornersOf } from '../../regions/image/geometry.js';
import type { EncodedBatch, Encoder, PlainTensor, RunGraph, TaskFailure, TaskValue } from '../contract.js';
import { fileBytes, undecodable } from '../file.js';
import type { ImageMeta } from '../image/contract.js';
import { boxOfRectangle } from '../image/drawn.js';
import { ImageEncoder, type ImageOptions } from '../image/encoder.js';
import type { PromptMeta, Prompts, PromptsValue } from './contract.js';

/** The file of the version's folder that sees images. */
export const IMAGE_GRAPH = 'encoder.onnx';

/** Images that are remembered as what the graph made of them; that of Segment Anything takes 4 MB each. */
const KEPT = 8;

/** The side of the mask of an earlier answer, which is never given. */
const MASK_SIDE = 256;

/** What Segment Anything calls its points. */
const POINT = { outside: 0, inside: 1, topLeft: 2, bottomRight: 3, none: -1 } as const;

/** What a graph made of an image. */
interface Seen {
  embedding: Readonly<Record<string, PlainTensor>>;
  meta: ImageMeta;
}

/** Sees each image once, and answers for what annotators point at in it. */
export class PromptsEncoder implements Encoder {
  readonly warmUp: PromptsValue;
  readonly #images: ImageEncoder;
  readonly #seen = new LruMap<string, Seen>(KEPT);

  private constructor(images: ImageEncoder) {
    this.#images = images;
    const prompts = { points: [{ x: 50, y: 50, isIn: true }], rectangle: null, labels: [], id: '' };
    this.warmUp = { ...images.warmUp, prompts };
  }

  /** @throws AppError `version_invalid` for options that contradict each other */
  static async create(options: ImageOptions): Promise<PromptsEncoder> {
    return new PromptsEncoder(await ImageEncoder.create(options));
  }

  async *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
    run: RunGraph,
  ): AsyncGenerator<EncodedBatch> {
    for (const [row, each] of values.entries()) {
      const value = each as PromptsValue;
      if (value.prompts === null) continue;
      const seen = await this.#see(value, failure => fail(row, failure), run);
      if (seen === undefined) continue;
      const { labels, id } = value.prompts;
      const meta: PromptMeta = { ...seen.meta, prompts: { labels, id } };
      yield {
        rows: [row],
        metas: [meta],
        feeds: { ...seen.embedding, ...promptFeeds(value.prompts, seen.meta) },
      };
    }
  }

  async #see(
    value: PromptsValue,
    fail: (failure: TaskFailure) => void,
    run: RunGraph,
  ): Promise<Seen | undefined> {
    let bytes: Buffer;
    try {
      bytes = await fileBytes(value);
    } catch (error) {
      fail(undecodable('an image', messageOf(error)));
      return undefined;
    }
    const key = createHash('sha1').update(bytes).digest('hex');
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    for await (const { feeds, metas } of this.#images.encode([value], (_, failure) => fail(failure))) {
      const seen = { embedding: await run(feeds, IMAGE_GRAPH), meta: metas![0] as ImageMeta };
      this.#seen.set(key, seen);
      return seen;
    }
    return undefined;
  }
}

/** The inputs of the decoder beside the image, as Segment Anything's own export to ONNX has them. */
function promptFeeds({ points, rectangle }: Prompts, meta: ImageMeta): Record<string, PlainTensor> {
  const places: [x: number, y: number, label: number][] = points.map(({ x, y, isIn }) => [
    (x / 100) * meta.width,
    (y / 100) * meta.height,
    isIn ? POINT.inside : POINT.outside,
  ]);
  if (rectangle !== null) {
    const corners = cornersOf(boxOfRectangle({ value: rectangle }, meta));
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    places.push([Math.max(Math.min(...xs), 0), Math.max(Math.min(...ys), 0), POINT.topLeft]);
    places.push([
      Math.min(Math.max(...xs), meta.width),
      Math.min(Math.max(...ys), meta.height),
      POINT.bottomRight,
    ]);
  }
  const coordinates = places.flatMap(([x, y]) => [x * meta.scaleX + meta.left, y * meta.scaleY + meta.top]);
  const labels: number[] = places.map(([, , label]) => label);
  if (rectangle === null) {
    coordinates.push(0, 0);
    labels.push(POINT.none);
  }
  const floats = (data: readonly number[], ...dims: number[]): PlainTensor => ({
    type: 'float32',
    data: Float32Array.from(data),
    dims,
  });
  return {
    point_coords: floats(coordinates, 1, labels.length, 2),
    point_labels: floats(labels, 1, labels.length),
    mask_input: floats(new Array(MASK_SIDE * MASK_SIDE).fill(0), 1, 1, MASK_SIDE, MASK_SIDE),
    has_mask_input: floats([0], 1),
    orig_im_size: floats([meta.height, meta.width], 2),
  };
}
