import type { OutputSpec } from '../../../registry/version.js';
import { failed } from '../../failed.js';
import { contradiction, numbered, perLabel, type Scorer } from './activation.js';
import { boxOf, type Format } from './boxes.js';
import type { Decoder } from './contract.js';
import { partOf, placeOf, prototypeCount } from './place.js';
import { pointReader } from './points.js';

/** The words for columns; `scores` stands for one column for each label. */
export const COLUMNS = {
  type: 'array',
  items: {
    enum: [
      ...['left', 'top', 'right', 'bottom', 'cx', 'cy', 'width', 'height'],
      ...['score', 'scores', 'class', 'angle', 'image'],
    ],
  },
  uniqueItems: true,
  minItems: 5,
} as const;

const DEFAULT = ['left', 'top', 'right', 'bottom', 'score', 'class'];

/** The words that make a box, and how they do. */
const PLACES: readonly (readonly [Format, readonly string[]])[] = [
  ['xyxy', ['left', 'top', 'right', 'bottom']],
  ['cxcywh', ['cx', 'cy', 'width', 'height']],
  ['xywh', ['left', 'top', 'width', 'height']],
];

/** Where each column of a row is. */
interface Layout {
  format: Format;
  /** Of the four numbers of the box. */
  place: readonly number[];
  /** By the other words. */
  at: ReadonlyMap<string, number>;
  /** Columns that have words. */
  width: number;
}

/** @throws AppError `version_invalid` when the words do not make a detection */
function layoutOf(output: OutputSpec): Layout {
  const words = (output.columns as readonly string[] | undefined) ?? DEFAULT;
  const columns = `the columns ${words.join(', ')}`;
  const at = new Map<string, number>();
  let width = 0;
  for (const word of words) {
    at.set(word, width);
    width += word === 'scores' ? output.labels!.length : 1;
  }
  const corners = words.filter(word => PLACES.some(([, place]) => place.includes(word)));
  const found = PLACES.find(
    ([, place]) => place.length === corners.length && place.every(word => at.has(word)),
  );
  if (found === undefined) {
    const known = PLACES.map(([, place]) => place.join(', ')).join('; or ');
    throw contradiction(output, `${columns}, which do not place a box: use ${known}`);
  }
  if (at.has('score') === at.has('scores'))
    throw contradiction(output, `${columns}: use either score or scores`);
  const labelled = ['class', 'scores'].filter(word => at.has(word)).length;
  const beside = Number(output.tensors?.labels !== undefined);
  if (labelled + beside > 1)
    throw contradiction(
      output,
      `${columns} and says twice which label a row has: use one of class, scores, tensors.labels`,
    );
  if (labelled + beside === 0 && output.labels!.length > 1)
    throw contradiction(output, `${columns}, which do not tell the label: add class, or tensors.labels`);
  return { format: found[0], place: found[1].map(word => at.get(word)!), at, width };
}

/** Rows of candidates whose columns are named, then their key points, then the coefficients of their masks. */
export const columned: Decoder = ({ outputs, ...ofImage }, output) => {
  const tensor = outputs[output.tensor!]!;
  const { data, dims } = tensor;
  const { format, place, at, width } = layoutOf(output);
  const points = pointReader(output);
  const masks = prototypeCount(outputs, output);
  const columns = width + points.columns + masks;
  const count = dims.at(-2) ?? 0;
  const image = at.get('image');
  // Rows of all images stand in one list where a column says whose they are.
  const own = image === undefined ? ofImage : { row: 0, rows: 1 };
  if (dims.at(-1) !== columns) {
    const hint = dims.slice(-2).includes(4 + output.labels!.length) ? ' (a raw head is the kind yolo)' : '';
    throw failed(
      output,
      `a tensor of [${dims.join(', ')}], where the columns that are declared are ${columns}${hint},`,
    );
  }
  const first = placeOf(output, 'rows', tensor, own, [count, columns]);
  const number = (index: number, column: number) => Number(data[first + index * columns + column]);
  if (image !== undefined && dims.length === 3 && dims[0] !== 1)
    throw failed(output, `rows of [${dims.join(', ')}] with a column image, and not of [rows, ${columns}],`);
  // Clips of a video are rows of frames; the column tells images of the batch, which a clip has one of.
  const isOwn = (index: number) => {
    if (image === undefined) return true;
    const which = number(index, image);
    if (!(Number.isInteger(which) && which >= 0)) throw failed(output, `the number ${which} of an image`);
    return which === ofImage.row;
  };
  const angle = at.get('angle');
  const labels = partOf(outputs, output, 'labels');
  const scores = scorer();
  return {
    count,
    scores: (index, take) => {
      if (isOwn(index)) scores(index, take);
    },
    turned: angle !== undefined,
    box: index => {
      const [a, b, c, d] = place.map(column => number(index, column));
      return boxOf(format, a!, b!, c!, d!, angle === undefined ? 0 : number(index, angle));
    },
    points: index => points.read(column => number(index, width + column)),
    coefficients: index =>
      Array.from({ length: masks }, (_, each) => number(index, width + points.columns + each)),
  };

  function scorer(): Scorer {
    const several = at.get('scores');
    if (several !== undefined) return perLabel(output, (index, label) => number(index, several + label));
    const score = at.get('score')!;
    const column = at.get('class');
    const firstLabel = labels && placeOf(output, 'labels', labels, own, [count], [count, 1]);
    return numbered(
      output,
      index => number(index, score),
      index =>
        labels !== undefined
          ? Number(labels.data[firstLabel! + index])
          : column === undefined
            ? 0
            : number(index, column),
    );
  }
};
