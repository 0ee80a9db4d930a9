import type { ImageMeta } from '../../../inputs/image/contract.js';
import { failed } from '../../failed.js';
import { sigmoid } from '../../scores.js';
import { contradiction, perLabel } from './activation.js';
import { boxOf } from './boxes.js';
import type { Decoder } from './contract.js';
import { gridDecoder } from './grid.js';
import { placeOf, prototypeCount } from './place.js';
import { pointReader } from './points.js';

/** The raw head of YOLO: a channel for each number of a candidate. */
export const raw: Decoder = ({ outputs, metas, ...place }, output) => {
  const tensor = outputs[output.tensor!]!;
  const { data, dims } = tensor;
  const classes = output.labels!.length;
  const points = pointReader(output);
  const masks = prototypeCount(outputs, output);
  const turned = output.angle === true;
  const isNanodet = (output.grid as { kind: string } | undefined)?.kind === 'nanodet';
  if (isNanodet && (output.objectness === true || masks > 0))
    throw contradiction(output, 'a grid of nanodet with objectness or prototypes, which it does not have');
  const bins = isNanodet ? (output.grid as { reg_max: number }).reg_max + 1 : 1;
  const objectness = Number(output.objectness === true);
  const channels = 4 * bins + objectness + classes + points.columns + Number(turned) + masks;
  const [a = 0, b = 0] = dims.slice(-2);
  const shape = `a tensor of [${dims.join(', ')}], `;
  const parts = partsOf({
    'of the box': 4 * bins,
    'of objectness': objectness,
    labels: classes,
    'of points': points.columns,
    'of the angle': Number(turned),
    'of prototypes': masks,
  });
  const hint = b === 6 ? ' (a graph that chooses its detections itself is the kind detections)' : '';
  if (dims.length < 2 || (a !== channels && b !== channels))
    throw failed(
      output,
      `${shape}in which no axis has the ${channels} channels that are declared: ${parts}${hint},`,
    );
  if (a === b && output.transposed === undefined)
    throw failed(output, `${shape}whose channels may be either axis (declare "transposed"),`);
  const transposed = (output.transposed as boolean | undefined) ?? a !== channels;
  if ((transposed ? b : a) !== channels)
    throw failed(
      output,
      `${shape}in which ${transposed ? 'the last axis' : 'the last but one'} has not ${channels} channels: ${parts}${hint},`,
    );
  const count = transposed ? a : b;
  const first = placeOf(output, 'a head', tensor, place, [a, b]);
  const number = (index: number, channel: number) =>
    Number(data[first + (transposed ? index * channels + channel : channel * count + index)]);
  const grid = output.grid === undefined ? undefined : gridDecoder(output, metas[0] as ImageMeta, count);
  const firstBox = grid?.isBehind ? classes : 0;
  const firstClass = grid?.isBehind ? 0 : 4 + objectness;
  const firstPoint = 4 + objectness + classes;
  const activate = (value: number) => (output.activation === 'sigmoid' ? sigmoid(value) : value);
  return {
    count,
    scores: perLabel(
      output,
      (index, label) => number(index, firstClass + label),
      objectness === 1 ? index => activate(number(index, 4)) : undefined,
    ),
    turned,
    box: index => {
      if (grid !== undefined) return grid.box(index, column => number(index, firstBox + column));
      const angle = turned ? number(index, channels - masks - 1) : 0;
      return boxOf('cxcywh', number(index, 0), number(index, 1), number(index, 2), number(index, 3), angle);
    },
    points: index => points.read(column => number(index, firstPoint + column)),
    coefficients: index => Array.from({ length: masks }, (_, each) => number(index, channels - masks + each)),
  };
};

/** What channels are made of, in words. @param counts how many there are of each */
function partsOf(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${count === 1 && what === 'labels' ? 'label' : what}`);
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
