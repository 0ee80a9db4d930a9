import type { Reading } from './contract.js';

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

/** Reads one label that annotators chose; two are not one. */
export function readLabel(chosen: readonly (string | undefined)[]): Reading {
  if (chosen.length !== 1) return UNREADABLE;
  return chosen[0] === undefined ? OUTDATED : { target: chosen[0], outdated: false };
}
