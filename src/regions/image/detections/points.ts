import type { OutputSpec } from '../../../registry/version.js';
import { contradiction } from './activation.js';
import type { ObjectPoint } from './contract.js';

/** The key points of objects, in columns one behind the other: x, y and, where points have one, a score. */
export interface PointReader {
  /** How many columns they take. */
  columns: number;
  /** @param number the number of one of those columns */
  read(number: (column: number) => number): ObjectPoint[];
}

/** @throws AppError `version_invalid` for scores of points that there are none of */
export function pointReader(output: OutputSpec): PointReader {
  const names = (output.points as readonly string[] | undefined) ?? [];
  if (names.length === 0 && output.point_scores !== undefined)
    throw contradiction(output, '"point_scores" without "points"');
  const size = output.point_scores === false ? 2 : 3;
  return {
    columns: size * names.length,
    read: number =>
      names.map((_, point) => ({
        place: [number(size * point), number(size * point + 1)],
        score: size === 3 ? number(size * point + 2) : null,
      })),
  };
}
