import type { AnnotatedResult, Reading, Target } from './contract.js';

/** A value that is of no shape that the control has. */
export const UNREADABLE: Reading = { target: null, outdated: false };

/** A value that the control had once. */
export const OUTDATED: Reading = { target: null, outdated: true };

/**
 * Reads a list of labels that annotators chose.
 * @param chosen each a label of the control, or undefined for one that it has no more
 * @param labels all labels of the control, in its order
 */
export function readLabels(chosen: readonly (string | undefined)[], labels: readonly string[]): Reading {
  const target = labels.filter(label => chosen.includes(label));
  return { target: target.length === 0 ? null : target, outdated: chosen.includes(undefined) };
}

/**
 * Reads the answer of a control of a whole task, which has one result: which of two was meant is anybody's guess.
 * @param read given the result's value
 */
export function readOne(
  results: readonly AnnotatedResult[],
  read: (value: Readonly<Record<string, unknown>>) => Reading,
): Reading {
  const value = results[0]?.value;
  return results.length === 1 && isRecord(value) ? read(value) : UNREADABLE;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The labels of a target, each once; a number has none. */
export function labelsIn(target: Target): string[] {
  if (typeof target === 'number') return [];
  const parts: readonly (string | { labels: readonly string[] })[] =
    typeof target === 'string' ? [target] : target;
  return [...new Set(parts.flatMap(part => (typeof part === 'string' ? part : part.labels)))];
}

/** Reads one label that annotators chose; two are not one. */
export function readLabel(chosen: readonly (string | undefined)[]): Reading {
  if (chosen.length !== 1) return UNREADABLE;
  return chosen[0] === undefined ? OUTDATED : { target: chosen[0], outdated: false };
}
