import { join } from 'node:path';
import { AppError } from '../errors.js';
import type { TaskFailure, TaskValue } from '../inputs/contract.js';
import { SPEC_FILE, VersionFiles } from '../inputs/features/files.js';
import type { FeaturesSpec } from '../inputs/features/spec.js';
import { INPUTS } from '../inputs/index.js';
import type { RowOutputs } from '../regions/contract.js';
import { classRow } from '../regions/outputs.js';
import { readVersion } from '../registry/manifest.js';
import { verifyFiles } from '../registry/repository.js';
import type { OutputSpec, VersionRecord } from '../registry/version.js';
import { LoadedVersion } from './host.js';

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
  await verifyFiles(folder, record);
  const spec = (await new VersionFiles(folder).json(SPEC_FILE)) as FeaturesSpec;
  const input = record.input ?? { kind: KINDS[spec.input], ...(spec.columns && { columns: spec.columns }) };
  const source = { key: folder, label: folder, folder, input, outputs: record.outputs };
  const version = await LoadedVersion.load(source, { name: 'cpu', device: 0 });
  return {
    record,
    evaluate: values => evaluate(version, INPUTS[input.kind]!.read, values),
    release: () => version.release(),
  };
}

async function evaluate(
  version: LoadedVersion,
  read: (typeof INPUTS)[string]['read'],
  values: readonly unknown[],
): Promise<(Evaluated | { error: TaskFailure })[]> {
  const answers: (Evaluated | { error: TaskFailure })[] = new Array(values.length);
  const place = { object: TEXT_KEY, tag: 'Text', attributes: {}, key: TEXT_KEY, isUrl: false };
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

function evaluated(specs: readonly OutputSpec[], { outputs, row, metas }: RowOutputs): Evaluated {
  const answer: Evaluated = { values: {}, chosen: {} };
  for (const spec of specs) {
    const { data, dims } = outputs[spec.tensor!]!;
    const columns = dims[1] ?? 1;
    answer.values[spec.name] = Array.from(data.slice(row * columns, (row + 1) * columns), Number);
    if (spec.labels) answer.chosen[spec.name] = chosen({ outputs, row, metas }, spec);
  }
  return answer;
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
