import type { VersionFiles } from './files.js';
import type { Row } from './row.js';
import type { Transform } from './spec.js';
import { exact, type Stage } from './stage.js';

/** A transform of the given type. */
export type TransformOf<T extends Transform['type']> = Extract<Transform, { type: T }>;

/**
 * TfidfTransformer: `1 + ln(tf)` when sublinear, times idf, then the norm.
 * https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting
 */
export async function tfidf(
  step: TransformOf<'tfidf'>,
  before: Stage,
  where: string,
  files: VersionFiles,
): Promise<Stage> {
  const { sublinear, norm } = step;
  if (sublinear && before.signed) {
    throw files.invalid(
      where,
      'takes the logarithm of counts that may be 0 or less; use alternate_sign=False',
    );
  }
  const idf = step.idf === null ? null : await files.numbers(step.idf, before.width);
  const single = step.dtype === 'float32';
  const round = single ? Math.fround : exact;
  return {
    width: before.width,
    single,
    signed: before.signed,
    apply(_, row) {
      const { size, indices, values } = row;
      if (sublinear) {
        for (let i = 0; i < size; i++) values[i] = round(1 + round(Math.log(values[i]!)));
      }
      if (idf !== null) {
        for (let i = 0; i < size; i++) values[i] = round(values[i]! * idf[indices[i]!]!);
      }
      if (norm !== null) scaleToNorm(row, norm, single);
    },
  };
}

/** Normalizer. */
export function normalize(step: TransformOf<'normalize'>, before: Stage): Stage {
  const { single } = before;
  return { ...before, apply: (_, row) => scaleToNorm(row, step.norm, single) };
}

/** Divides a row by its norm, summed in double from the lowest column up; a row of norm 0 stays as it is. */
function scaleToNorm(row: Row, norm: 'l1' | 'l2' | 'max', single: boolean): void {
  const { size, values } = row;
  const round = single ? Math.fround : exact;
  let sum = 0;
  if (norm === 'l2') {
    for (let i = 0; i < size; i++) sum += round(values[i]! * values[i]!);
    sum = Math.sqrt(sum);
  } else if (norm === 'l1') {
    for (let i = 0; i < size; i++) sum += Math.abs(values[i]!);
  } else {
    for (let i = 0; i < size; i++) sum = Math.max(sum, Math.abs(values[i]!));
  }
  if (sum === 0) return;
  for (let i = 0; i < size; i++) values[i] = round(values[i]! / sum);
}

/** Feature selection: column `indices[j]` becomes column j, the others go. */
export async function select(
  step: TransformOf<'select'>,
  before: Stage,
  where: string,
  files: VersionFiles,
): Promise<Stage> {
  const indices = await files.numbers(step.indices, step.width);
  const targets = new Int32Array(before.width).fill(-1);
  let ascending = true;
  for (const [target, source] of indices.entries()) {
    if (targets[source] !== -1)
      throw files.invalid(where, `selects column ${source} of ${before.width} twice, or there is none`);
    targets[source] = target;
    ascending &&= target === 0 || source > indices[target - 1]!;
  }
  return {
    ...before,
    width: step.width,
    apply(_, row) {
      let size = 0;
      for (let i = 0; i < row.size; i++) {
        const target = targets[row.indices[i]!]!;
        if (target < 0) continue;
        row.indices[size] = target;
        row.values[size++] = row.values[i]!;
      }
      row.size = size;
      if (!ascending) row.sort();
    },
  };
}

/** Scalers: `(x - center) * scale`, of each column its own. */
export async function scale(
  step: TransformOf<'scale'>,
  before: Stage,
  where: string,
  files: VersionFiles,
): Promise<Stage> {
  if (step.width !== before.width)
    throw files.invalid(where, `scales ${step.width} columns of ${before.width}`);
  const read = async (file: string | undefined) =>
    file === undefined ? null : files.numbers(file, step.width);
  const center = await read(step.center);
  const factor = await read(step.scale);
  const divisor = await read(step.divisor);
  const offset = await read(step.offset);
  const fills = center !== null || offset !== null;
  const { width, single, signed } = before;
  const round = single ? Math.fround : exact;
  return {
    width,
    single,
    signed: signed || fills,
    apply(_, row) {
      if (fills) row.fill(width);
      const { size, indices, values } = row;
      for (let i = 0; i < size; i++) {
        const column = indices[i]!;
        let value = values[i]!;
        if (center !== null) value = round(value - center[column]!);
        if (factor !== null) value = round(value * factor[column]!);
        if (divisor !== null) value = round(value / divisor[column]!);
        if (offset !== null) value = round(value + offset[column]!);
        values[i] = value;
      }
    },
  };
}

/** SimpleImputer: a missing value becomes its column's fill; a column whose fill is NaN goes; flags come behind. */
export async function impute(
  step: TransformOf<'impute'>,
  before: Stage,
  where: string,
  files: VersionFiles,
): Promise<Stage> {
  const { missing } = step;
  const fill = await files.numbers(step.fill, before.width);
  const targets = new Int32Array(before.width).fill(-1);
  let kept = 0;
  for (let column = 0; column < before.width; column++) {
    if (!Number.isNaN(fill[column])) targets[column] = kept++;
  }
  const flags = new Int32Array(before.width).fill(-1);
  for (const [flag, column] of (step.indicator ?? []).entries()) flags[column] = kept + flag;
  const width = kept + (step.indicator?.length ?? 0);
  if (width !== step.width) throw files.invalid(where, `gives ${width} columns, not ${step.width}`);
  const raised: number[] = [];
  return {
    width,
    single: before.single,
    signed: true,
    apply(_, row) {
      if (missing === 0) row.fill(before.width);
      const { indices, values } = row;
      raised.length = 0;
      let size = 0;
      for (let i = 0; i < row.size; i++) {
        const column = indices[i]!;
        let value = values[i]!;
        if (missing === 'nan' ? Number.isNaN(value) : value === missing) {
          value = fill[column]!;
          if (flags[column]! >= 0) raised.push(flags[column]!);
        }
        if (targets[column]! < 0) continue;
        indices[size] = targets[column]!;
        values[size++] = value;
      }
      row.size = size;
      for (const flag of raised) row.push(flag, 1);
    },
  };
}

/** TruncatedSVD: the row times the transposed components. */
export async function svd(
  step: TransformOf<'svd'>,
  before: Stage,
  where: string,
  files: VersionFiles,
): Promise<Stage> {
  const { width, features } = step;
  if (features !== before.width)
    throw files.invalid(where, `projects ${features} columns of ${before.width}`);
  const components = await files.numbers(step.components, width * features);
  // Feature by feature, so that the numbers that one entry needs lie side by side.
  const byFeature = new (components.constructor as Float64ArrayConstructor)(components.length);
  for (let j = 0; j < width; j++) {
    for (let i = 0; i < features; i++) byFeature[i * width + j] = components[j * features + i]!;
  }
  const sums = new Float64Array(width);
  const round = before.single ? Math.fround : exact;
  return {
    width,
    single: before.single,
    signed: true,
    apply(_, row) {
      sums.fill(0);
      for (let i = 0; i < row.size; i++) {
        const value = row.values[i]!;
        const start = row.indices[i]! * width;
        for (let j = 0; j < width; j++) sums[j]! += value * byFeature[start + j]!;
      }
      row.size = 0;
      for (let j = 0; j < width; j++) row.push(j, round(sums[j]!));
    },
  };
}
