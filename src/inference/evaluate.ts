import { join } from 'node:path';
import { AppError } from '../errors.js';
import type { TaskFailure, TaskValue } from '../inputs/contract.js';
import { SPEC_FILE, VersionFiles } from '../inputs/features/files.js';
import type { FeaturesSpec } from '../inputs/features/spec.js';
import { INPUTS } from '../inputs/index.js';
import { parseShown } from '../inputs/shown/value.js';
import type { RowOutputs } from '../regions/contract.js';
import { CLASSES } from '../regions/output-kinds.js';
import { classRow } from '../regions/outputs.js';
import { tagNumbers } from '../regions/spans/tags.js';
import { readVersion } from '../registry/manifest.js';
import { type InputSpec, type OutputSpec, tensorsOf, type VersionRecord } from '../registry/version.js';
import { checkNames } from '../registry/version-files.js';
import { LoadedVersion } from './loaded-version.js';

/** What a version answered for one value. */
export interface Evaluated {
  /** The numbers of each output, by the output's name. */
  values: Record<string, number[]>;
  /** The classes that each output's decision rule chose, by the output's name. */
  chosen: Record<string, number[]>;
}

/** A version folder, loaded for evaluation outside the server, by the server's own code. */
export interface Evaluator {
  record: VersionRecord;
  /**
   * @param values a text each, or the `data` of a task each
   * @returns in the order of the values
   */
  evaluate(values: readonly unknown[]): Promise<(Evaluated | { error: TaskFailure })[]>;
  release(): Promise<void>;
}

/** The input kind of a version that has features, and the key under which a bare text is put into a task. */
const KINDS: Readonly<Record<FeaturesSpec['input'], string>> = { text: 'text', record: 'tabular' };
const TEXT_KEY = 'text';

/**
 * Loads a version's folder on the CPU, its files checked.
 * @throws AppError `version_invalid`, naming what is wrong
 */
export async function openVersion(folder: string): Promise<Evaluator> {
  const record = await readVersion(join(folder, 'version.json'));
  await checkNames(folder, record.files);
  const input = record.input ?? (await inputOfFeatures(folder));
  const source = { key: folder, label: folder, folder, files: record.files, input, outputs: record.outputs };
  const version = await LoadedVersion.load(source, { name: 'cpu', device: 0 });
  return {
    record,
    evaluate: values => evaluate(version, INPUTS[input.kind]!.read, values),
    release: () => version.release(),
  };
}

/** What a version reads that has it from its model.json, which is not here: as its features have it. */
async function inputOfFeatures(folder: string): Promise<InputSpec> {
  const spec = (await new VersionFiles(folder).json(SPEC_FILE)) as FeaturesSpec;
  return { kind: KINDS[spec.input], ...(spec.columns && { columns: spec.columns }) };
}

async function evaluate(
  version: LoadedVersion,
  read: (typeof INPUTS)[string]['read'],
  values: readonly unknown[],
): Promise<(Evaluated | { error: TaskFailure })[]> {
  const answers: (Evaluated | { error: TaskFailure })[] = new Array(values.length);
  const shown = parseShown(`$${TEXT_KEY}`);
  const place = { object: TEXT_KEY, tag: 'Text', attributes: {}, shown, isUrl: false };
  const readable: { index: number; value: TaskValue }[] = [];
  for (const [index, value] of values.entries()) {
    const data = typeof value === 'object' && value !== null ? value : { [TEXT_KEY]: value };
    try {
      readable.push({
        index,
        value: read(data as Record<string, unknown>, place, version.source.input, null),
      });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      answers[index] = { error: { code: error.code, message: error.message } };
    }
  }
  const failures = await version.run(
    readable.map(({ value }) => value),
    (at, answer) => {
      answers[readable[at]!.index] = evaluated(version.source.outputs, answer);
    },
  );
  for (const [at, error] of failures) answers[readable[at]!.index] = { error };
  return answers;
}

function evaluated(specs: readonly OutputSpec[], answer: RowOutputs): Evaluated {
  const told: Evaluated = { values: {}, chosen: {} };
  for (const spec of specs) {
    const numbers = (NUMBERS[spec.kind] ?? rowNumbers)(answer, spec);
    told.values[spec.name] = Array.from(numbers, Number);
    if (spec.labels && Object.hasOwn(CLASSES, spec.kind)) told.chosen[spec.name] = chosen(answer, spec);
  }
  return told;
}

/** Where not all of a row's numbers are meant, by the kind of output. */
const NUMBERS: Readonly<Record<string, typeof tagNumbers>> = { tags: tagNumbers };

/** All numbers of a row, in their order; of several tensors one after the other. */
function rowNumbers({ outputs, row }: RowOutputs, spec: OutputSpec): number[] {
  return tensorsOf(spec).flatMap(name => {
    const { data, dims } = outputs[name]!;
    const size = dims.slice(1).reduce((product, dimension) => product * dimension, 1);
    return Array.from<unknown, number>(data.slice(row * size, (row + 1) * size), Number);
  });
}

/** None where the numbers mean nothing: what is compared is then the numbers. */
function chosen(answer: RowOutputs, spec: OutputSpec): number[] {
  try {
    return classRow(answer, spec).chosen;
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}
