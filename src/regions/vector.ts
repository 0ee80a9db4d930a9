import type { ImageMeta } from '../inputs/image/contract.js';
import type { OutputSpec } from '../registry/version.js';
import type { RegionBody, RegionKind, RowOutputs } from './contract.js';
import { failed, probability } from './failed.js';
import { FRAME_EXAMPLE, IMAGE_EXAMPLE } from './image/box-kind.js';
import {
  bindDetections,
  DETECTION_OPTIONS,
  type DetectionBinding,
  labelsKey,
  leastScore,
} from './image/control.js';
import { checkLabel } from './image/detections/activation.js';
import { listedScores } from './image/detections/boxes.js';
import { partOf, placeOf } from './image/detections/place.js';
import { frameOf, inOriginal, percent } from './image/geometry.js';
import { UNIT } from './image/kinds.js';
import { ACTIVATION, LABELS, type OutputKinds, TENSOR } from './output-kinds.js';
import { regionReader } from './spans/reading.js';

/**
 * Lines that a graph lists: `points` [rows, n, points, 2], `scores` [rows, n], and for several labels `labels` [rows, n] or
 * `scores` [rows, n, labels]. A line of fewer points has `lengths` [rows, n].
 */
const POLYLINES = {
  polylines: {
    properties: {
      tensors: {
        type: 'object',
        properties: { points: TENSOR, scores: TENSOR, labels: TENSOR, lengths: TENSOR },
        required: ['points', 'scores'],
        additionalProperties: false,
      },
      labels: LABELS,
      unit: UNIT,
      activation: ACTIVATION,
      closed: { type: 'boolean' },
    },
    required: ['tensors', 'labels'],
    check(answer, output) {
      lines(answer, output, { labels: null, threshold: 0, most: Number.POSITIVE_INFINITY });
    },
  },
} as const satisfies OutputKinds;

type Vertex = { id: string; x: number; y: number; prevPointId: string | null; isBezier: boolean };

/** The points of a line in the image, as a chain; those that are one at this resolution are one. */
function chainOf(places: readonly (readonly [number, number])[]): Vertex[] {
  const apart = places.filter(
    ([x, y], at) => at === 0 || x !== places[at - 1]![0] || y !== places[at - 1]![1],
  );
  return apart.map(([x, y], at) => ({
    id: `p${at + 1}`,
    x,
    y,
    prevPointId: at === 0 ? null : `p${at}`,
    isBezier: false,
  }));
}

type Choice = Pick<DetectionBinding, 'labels' | 'threshold' | 'most'>;

/** @throws AppError `model_failed` when the tensors do not fit what the output declares, or a number is out of range */
function lines(
  { outputs, metas, ...place }: RowOutputs,
  output: OutputSpec,
  { labels, threshold, most }: Choice,
): { label: number; score: number; vertices: Vertex[] }[] {
  const meta = metas[0] as ImageMeta;
  const points = partOf(outputs, output, 'points')!;
  const scores = partOf(outputs, output, 'scores')!;
  const numbers = partOf(outputs, output, 'labels');
  const lengths = partOf(outputs, output, 'lengths');
  const [count = 0, length = 0] = points.dims.slice(-3);
  const first = placeOf(output, 'points', points, place, [count, length, 2]);
  const firstLength = lengths && placeOf(output, 'lengths', lengths, place, [count], [count, 1]);
  const scoresOf = listedScores(output, { scores, labels: numbers }, place, count);
  const [width, height] = output.unit === 'relative' ? [meta.tensorWidth, meta.tensorHeight] : [1, 1];
  const inImage = (value: number, side: number) => percent(Math.min(Math.max(value, 0), side), side);
  const found: { label: number; score: number; vertices: Vertex[] }[] = [];
  const take = (at: number, label: number, number: number) => {
    const score = probability(output, number);
    if (score <= threshold) return;
    checkLabel(output, label);
    if (labels !== null && labels[label] === null) return;
    const own = lengths === undefined ? length : Number(lengths.data[firstLength! + at]);
    if (!(Number.isInteger(own) && own >= 0 && own <= length))
      throw failed(output, `a line of ${own} points, where there are ${length},`);
    const places = Array.from({ length: own }, (_, index) => {
      const place = first + (at * length + index) * 2;
      const [x, y] = inOriginal(meta, [
        Number(points.data[place]) * width,
        Number(points.data[place + 1]) * height,
      ]);
      if (!Number.isFinite(x) || !Number.isFinite(y)) throw failed(output, 'a point that is no number');
      return [inImage(x, meta.width), inImage(y, meta.height)] as const;
    });
    const vertices = chainOf(places);
    if (vertices.length > 1) found.push({ label, score, vertices });
  };
  for (let at = 0; at < count; at++) scoresOf(at, (label, number) => take(at, label, number));
  return found.sort((a, b) => b.score - a.score).slice(0, most);
}

/** What of a line lies outside of the image is drawn along its border. */
function vectorKind(tag: string): RegionKind<DetectionBinding> {
  const key = labelsKey(tag);
  const label = key === null ? {} : { [key]: ['Lane'] };
  return {
    tag,
    type: tag.toLowerCase(),
    ...DETECTION_OPTIONS,
    outputKinds: POLYLINES,
    needs: ['image'],
    objectTags: ['Image'],
    check() {},
    bind: bindDetections,

    encode(answer, output, binding) {
      const meta = answer.metas[0] as ImageMeta;
      const closed = output.closed === true;
      const results = lines(answer, output, binding).map(({ label, score, vertices }): RegionBody => {
        const value = { vertices, closed, ...(key !== null && { [key]: [binding.labels![label]!] }) };
        return { value, score, ...frameOf(meta) };
      });
      return { results, score: leastScore(results) };
    },

    reader: ({ parsed }) =>
      regionReader(parsed.labels, key, ({ vertices }) => {
        if (!Array.isArray(vertices) || vertices.length === 0) return undefined;
        const places = vertices.map(vertex => [vertex?.x, vertex?.y]);
        return places.flat().every(Number.isFinite) ? { points: places } : undefined;
      }),

    example: {
      control: `<${tag} name="control" toName="object">${key === null ? '' : '<Label value="Lane"/>'}</${tag}>`,
      options: {},
      input: IMAGE_EXAMPLE,
      output: {
        name: 'lanes',
        kind: 'polylines',
        tensors: { points: 'points', scores: 'scores' },
        labels: ['Lane'],
      },
      outputs: {
        points: { type: 'float32', data: Float32Array.of(0, 0, 1, 1, 3, 1.5), dims: [1, 1, 3, 2] },
        scores: { type: 'float32', data: Float32Array.of(0.75), dims: [1, 1] },
      },
      encoded: {
        results: [
          {
            value: {
              vertices: [
                { id: 'p1', x: 0, y: 0, prevPointId: null, isBezier: false },
                { id: 'p2', x: 50, y: 50, prevPointId: 'p1', isBezier: false },
                { id: 'p3', x: 100, y: 75, prevPointId: 'p2', isBezier: false },
              ],
              closed: false,
              ...label,
            },
            score: 0.75,
            ...FRAME_EXAMPLE,
          },
        ],
        score: 0.75,
      },
      target: [
        {
          points: [
            [0, 0],
            [50, 50],
            [100, 75],
          ],
          labels: key === null ? [] : ['Lane'],
        },
      ],
    },
  };
}

/** Lines to `<Vector>`, without labels. Format: https://labelstud.io/tags/vector */
export const vector = vectorKind('Vector');

/** Lines to `<VectorLabels>`. Format: https://labelstud.io/tags/vectorlabels */
export const vectorLabels = vectorKind('VectorLabels');
