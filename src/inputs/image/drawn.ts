import { isRecord } from '../../is-record.js';
import type { Context } from '../../model.js';
import type { Region } from '../../regions/contract.js';
import type { Box } from '../../regions/image/geometry.js';

/** Whether a result is a rectangle of the editor. */
export function isRectangle({ type, value }: Region): boolean {
  const { x, y, width, height, rotation = 0 } = value as Record<string, number>;
  return (
    (type === 'rectangle' || type === 'rectanglelabels') &&
    [x, y, width, height, rotation].every(Number.isFinite) &&
    [x, y, width, height].every(each => each! >= 0 && each! <= 100) &&
    width! > 0 &&
    height! > 0
  );
}

/** Whether it has what any result of a region on an object has. Requests come from anywhere. */
function isOn(result: unknown, object: string): result is Region {
  if (!isRecord(result)) return false;
  const { id, type, from_name, to_name, value } = result;
  return (
    [id, type, from_name].every(each => typeof each === 'string') && to_name === object && isRecord(value)
  );
}

/** The results on an object that an annotator just made. */
export function drawnResults(context: Context | null, object: string): Region[] {
  const all: readonly unknown[] = Array.isArray(context?.result) ? context.result : [];
  return all.filter(result => isOn(result, object));
}

/** The last rectangle of what the annotator just did: its results, of which the first is the rectangle itself. */
export function drawnRectangle(context: Context | null, object: string): [Region, ...Region[]] | undefined {
  const results = drawnResults(context, object);
  const rectangle = results.findLast(isRectangle);
  if (rectangle === undefined) return undefined;
  return [rectangle, ...results.filter(result => result !== rectangle && result.id === rectangle.id)];
}

/**
 * A rectangle of the editor, which turns about its first corner, as a box.
 *
 * @param size pixels of the picture
 */
export function boxOfRectangle(
  { value }: Pick<Region, 'value'>,
  size: { width: number; height: number },
): Box {
  const { x, y, width, height, rotation = 0 } = value as Record<string, number>;
  const [w, h] = [(width! / 100) * size.width, (height! / 100) * size.height];
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    x: (x! / 100) * size.width + (w * cos - h * sin) / 2,
    y: (y! / 100) * size.height + (w * sin + h * cos) / 2,
    width: w,
    height: h,
    angle,
  };
}
