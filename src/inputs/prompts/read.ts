import { createHash } from 'node:crypto';
import type { Context } from '../../model.js';
import type { Region } from '../../regions/contract.js';
import { drawnResults, isRectangle } from '../image/drawn.js';
import type { Prompts } from './contract.js';

function isPoint({ type, value }: Region): boolean {
  const { x, y } = value as Record<string, number>;
  return (
    (type === 'keypoint' || type === 'keypointlabels') &&
    [x, y].every(each => Number.isFinite(each) && each! >= 0 && each! <= 100)
  );
}

/**
 * What the results of an annotator say of what is meant: key points in it (outside of it where `is_positive` is false) and a
 * rectangle around it, the last one.
 *
 * @param context what the editor sends with an interactive request
 * @param object the object tag's name
 * @returns null when there is neither
 */
export function readPrompts(context: Context | null, object: string): Prompts | null {
  const results = drawnResults(context, object);
  const points = results.filter(isPoint);
  const rectangle = results.findLast(isRectangle);
  const used = results.filter(each => isPoint(each) || each === rectangle);
  if (used.length === 0) return null;
  const hash = createHash('sha1').update(JSON.stringify(used.map(({ id, value }) => [id, value])));
  return {
    points: points.map(({ value, is_positive }) => ({
      x: value.x as number,
      y: value.y as number,
      isIn: is_positive !== false,
    })),
    rectangle: rectangle?.value ?? null,
    labels: labelsOf(used.at(-1)!, results),
    id: hash.digest('hex').slice(0, 10),
  };
}

/** The labels of a result: its own, or those of a result beside it for the same region. */
function labelsOf({ id, type, value }: Region, results: readonly Region[]): string[] {
  const beside = results.find(each => each.id === id && each.type === 'labels');
  const labels = value[type] ?? beside?.value.labels;
  return Array.isArray(labels) ? labels.filter(each => typeof each === 'string') : [];
}
