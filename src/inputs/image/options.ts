import { AppError } from '../../errors.js';
import type { TensorOptions } from './tensor.js';

type Name = keyof TensorOptions;

/** Options that mean something with some fits alone. */
const FITS: readonly (readonly [names: readonly Name[], fits: readonly string[]])[] = [
  [['shortest_edge'], ['crop', 'edges']],
  [['longest_edge'], ['edges']],
  [['multiple_of'], ['edges', 'none']],
  [['rounding'], ['letterbox', 'crop', 'edges']],
  [['align'], ['letterbox', 'edges', 'none']],
  [
    ['fill', 'pad'],
    ['letterbox', 'crop', 'edges', 'none'],
  ],
];

/** Channels of a tensor. */
export function channelCount({ channels }: TensorOptions): number {
  return channels === 'gray' ? 1 : 3;
}

/** Whether tensors are as large as their images. */
export function isDynamic({ width, fit }: TensorOptions): boolean {
  return width === undefined || fit === 'none';
}

/**
 * Checks what no schema of single options says.
 *
 * @throws AppError `version_invalid` for options that contradict each other
 */
export function checkOptions(options: TensorOptions): void {
  checkSize(options);
  checkEdges(options);
  checkNumbers(options);
}

function checkSize({ width, height, ...options }: TensorOptions): void {
  const { fit = 'stretch' } = options;
  for (const [names, fits] of FITS) {
    const said = names.find(name => options[name as keyof typeof options] !== undefined);
    if (said !== undefined && !fits.includes(fit))
      throw invalid(`${said} has no meaning with "fit": "${fit}", only with ${fits.join(', ')}`);
  }
  if (fit === 'none' && (width !== undefined || height !== undefined))
    throw invalid('fit is none, with which tensors are as large as their images: leave out width and height');
  if (fit !== 'none' && (width === undefined) !== (height === undefined))
    throw invalid(`${width === undefined ? 'width' : 'height'} is missing: give both sides`);
  if (width === undefined && fit !== 'edges' && fit !== 'none')
    throw invalid(`width and height are missing; without them, fit must be edges or none, and it is ${fit}`);
}

function checkEdges({ width, height, fit, rounding, ...options }: TensorOptions): void {
  const { shortest_edge, longest_edge, multiple_of } = options;
  if (rounding !== undefined && fit === 'letterbox' && rounding !== 'nearest' && rounding !== 'down')
    throw invalid(`rounding of a letterbox is nearest or down, not ${rounding}`);
  if (rounding !== undefined && fit === 'crop' && rounding !== 'torchvision' && rounding !== 'transformers')
    throw invalid(`rounding of crop is torchvision or transformers, not ${rounding}`);
  if (fit !== 'edges') return;
  if (shortest_edge === undefined && longest_edge === undefined)
    throw invalid('fit is edges: give shortest_edge, longest_edge or both');
  if (shortest_edge !== undefined && longest_edge !== undefined && longest_edge < shortest_edge)
    throw invalid(`longest_edge is ${longest_edge}, less than the shortest_edge of ${shortest_edge}`);
  if (width === undefined || height === undefined) return;
  if (multiple_of !== undefined) throw invalid('multiple_of is for tensors without a width and height');
  if (longest_edge === undefined || longest_edge > Math.min(width, height)) {
    const most = Math.min(width, height);
    throw invalid(
      `width and height are too small for images of some shapes: set longest_edge to ${most} or less, or leave out width and height`,
    );
  }
}

function checkNumbers(options: TensorOptions): void {
  const { dtype, scale, mean, std, fill, pad } = options;
  const count = channelCount(options);
  const lists = { mean, std, fill: typeof fill === 'object' ? fill : undefined };
  for (const [name, { length } = { length: 1 }] of Object.entries(lists)) {
    if (length !== 1 && length !== count)
      throw invalid(`${name} has ${length} numbers, and the image ${count} channels`);
  }
  const fills = [fill ?? 0].flat();
  if (pad !== 'after' && fills.some(each => each < 0 || each > 255))
    throw invalid('fill is a level of 0 to 255, unless "pad": "after"');
  if (scale === 0)
    throw invalid('scale is 0, which makes the same tensor of every image: give another number');
  if (dtype !== 'uint8') return;
  if ([scale, mean, std].some(each => each !== undefined))
    throw invalid('dtype uint8 takes the pixels as they are: leave out scale, mean and std');
  if (fills.some(each => !Number.isInteger(each) || each < 0 || each > 255))
    throw invalid('fill is a whole number of 0 to 255 with dtype uint8');
}

/** @param what follows the words "the input's" */
export function invalid(what: string): AppError {
  return new AppError('version_invalid', `the input's ${what}`);
}
