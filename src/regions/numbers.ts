/**
 * The number that a text is.
 * @returns null when it is none
 * @example
 * numberOf('4.0'); // 4
 * numberOf('four'); // null
 */
export function numberOf(text: string): number | null {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

/** JavaScript writes no more. */
const MOST_DECIMALS = 100;

/** The numbers that a `<Number>` takes: from `min` to `max`, in steps from `min` (else 0); null: without that bound. */
export interface NumberRange {
  min: number | null;
  max: number | null;
  step: number | null;
  /** Decimals of the numbers on the steps. */
  decimals: number;
}

/**
 * The nearest number of a range.
 *
 * The editor shows a number beyond the range or between the steps and then refuses to submit the annotation, so a
 * prediction must not hold one. See `validateValue` in
 * https://github.com/HumanSignal/label-studio/blob/develop/web/libs/editor/src/tags/control/Number.jsx
 *
 * @example
 * nearest(7.4, { min: 0, max: 5, step: null, decimals: 0 }); // 5
 * nearest(0.32, { min: 0, max: 1, step: 0.25, decimals: 2 }); // 0.25
 */
export function nearest(value: number, { min, max, step, decimals }: NumberRange): number {
  const low = min ?? Number.NEGATIVE_INFINITY;
  const high = max ?? Number.POSITIVE_INFINITY;
  const inside = Math.min(Math.max(value, low), high);
  if (step === null) return inside;
  const basis = min ?? 0;
  // `max` need not lie on a step itself, so the last steps are counted; a billionth of one is rounding.
  const last = Math.floor((high - basis) / step + 1e-9);
  const steps = Math.min(Math.round((inside - basis) / step), last);
  // Doubles so far from the basis are further apart than the steps.
  if (!Number.isSafeInteger(steps)) return inside;
  const exact = basis + steps * step;
  if (decimals > MOST_DECIMALS) return exact;
  // Written as an annotator would type it: 3 steps of 0.1 are 0.3 and not 0.30000000000000004.
  return Number(exact.toFixed(decimals));
}
