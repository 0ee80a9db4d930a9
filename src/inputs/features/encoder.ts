import { AppError } from '../../errors.js';
import { isRecord } from '../../is-record.js';
import type { EncodedBatch, Encoder, TaskFailure, TaskValue } from '../contract.js';
import { textOfContent } from '../shown/text.js';
import { unicodeTables } from './checks.js';
import { compile } from './compile.js';
import { SPEC_FILE, VersionFiles } from './files.js';
import { createLayout, type Layout } from './layout.js';
import { Row } from './row.js';
import type { ColumnSpec, FeaturesSpec } from './spec.js';
import type { Stage } from './stage.js';
import { PythonText } from './unicode.js';

/** A dense row of more bytes is refused when the version is loaded, before it takes the process down. */
const LARGEST_ROW = 2 ** 30;

/** What stands before the first step. */
const NOTHING: Stage = { width: 0, single: false, signed: false, apply() {} };

/**
 * Loads the `features.json` of a version and all that it refers to.
 * @param folder the version's folder
 * @param columns the columns of the records that `encode` will get, as the manifest has them; null: it gets texts
 * @throws AppError `version_invalid` when the folder's files do not fit together or ask for something unknown
 *
 * @example
 * const encoder = await loadFeatures('models/topics/versions/20260101-000000-abcdef', null);
 * for (const { rows, feeds } of encoder.encode(['a text'], fail)) await session.run(feeds);
 */
export async function loadFeatures(folder: string, columns: readonly ColumnSpec[] | null): Promise<Encoder> {
  const files = new VersionFiles(folder);
  try {
    return await encoderOf(files, columns);
  } catch (error) {
    // Not every part is checked by itself: what is of another type than exports write stumbles somewhere.
    if (error instanceof TypeError || error instanceof RangeError)
      throw files.invalid('or a file that it names', 'is not as exports write it', error);
    throw error;
  }
}

async function encoderOf(files: VersionFiles, columns: readonly ColumnSpec[] | null): Promise<Encoder> {
  const spec = (await files.json(SPEC_FILE)) as FeaturesSpec;
  if (spec.format !== 1)
    throw files.invalid('format', `is ${JSON.stringify(spec.format)}, and this server reads 1`);
  checkColumns(spec, columns, files);
  const tables = spec.unicode === undefined ? null : await unicodeTables(files, spec.unicode);
  const samples = new Map<string, unknown>();
  const names = columns?.map(({ name }) => name) ?? ['text'];
  const context = { files, python: new PythonText(tables), columns: names, samples };
  const root = await compile(spec.root, NOTHING, 'root', context);
  if (root.width !== spec.width)
    throw files.invalid('width', `is ${spec.width}, but the steps give ${root.width} columns`);
  if (spec.layout === 'dense' && spec.width * 8 > LARGEST_ROW) {
    throw files.invalid(
      'layout',
      `is dense, and a row of ${spec.width} columns is too large for that; hash into fewer`,
    );
  }
  const warmUp = columns?.map(
    ({ name, kind }) => samples.get(name) ?? { number: 0, text: 'text', category: null }[kind],
  );
  const isBounded = spec.dtype === 'float32' && columns?.some(({ kind }) => kind === 'number') === true;
  return new FeatureEncoder(root, createLayout(spec), warmUp ?? 'a text to warm up', isBounded);
}

/** Values are given by position, so manifest and spec must agree on the columns. */
function checkColumns(spec: FeaturesSpec, columns: readonly ColumnSpec[] | null, files: VersionFiles): void {
  const input = columns === null ? 'text' : 'record';
  if (spec.input !== input)
    throw files.invalid('input', `is ${JSON.stringify(spec.input)}, and the manifest's input is a ${input}`);
  const list = (all: readonly ColumnSpec[]) =>
    all
      .map(({ name, kind }) => `${name} (${typeof kind === 'string' ? kind : JSON.stringify(kind)})`)
      .join(', ');
  if (columns !== null && list(columns) !== list(spec.columns ?? [])) {
    throw files.invalid(
      'columns',
      `are ${list(spec.columns ?? [])}, and the manifest's are ${list(columns)}`,
    );
  }
}

/** A text as it is, and of a document the words that it shows. */
function wordsOf(value: TaskValue): TaskValue {
  return isRecord(value) ? textOfContent(value) : value;
}

class FeatureEncoder implements Encoder {
  readonly warmUp: TaskValue;
  readonly #root: Stage;
  readonly #layout: Layout;
  readonly #row = new Row();
  readonly #isBounded: boolean;

  /** @param isBounded whether numbers of a task may be too large for the tensor */
  constructor(root: Stage, layout: Layout, warmUp: TaskValue, isBounded: boolean) {
    this.#isBounded = isBounded;
    this.#root = root;
    this.#layout = layout;
    this.warmUp = warmUp;
  }

  *encode(
    values: readonly TaskValue[],
    fail: (row: number, failure: TaskFailure) => void,
  ): Iterable<EncodedBatch> {
    const layout = this.#layout;
    // A caller whose run failed leaves this generator half-way, and rows behind.
    layout.clear();
    for (const [index, value] of values.entries()) {
      try {
        this.#row.size = 0;
        this.#root.apply(Array.isArray(value) ? value : [wordsOf(value)], this.#row);
        if (this.#isBounded) checkBounds(this.#row);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        fail(index, { code: error.code, message: error.message });
        continue;
      }
      layout.add(index, this.#row);
      if (layout.full) yield layout.take();
    }
    if (layout.rows > 0) yield layout.take();
  }
}

/** @throws AppError `task_invalid`, as scikit-learn refuses what its float32 cannot hold */
function checkBounds({ values, size }: Row): void {
  for (let at = 0; at < size; at++) {
    if (Math.abs(Math.fround(values[at]!)) === Number.POSITIVE_INFINITY)
      throw new AppError('task_invalid', `a number of its columns is too large for the model: ${values[at]}`);
  }
}
