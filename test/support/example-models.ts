import type { InputExample } from '../../src/inputs/contract.js';
import { INPUTS } from '../../src/inputs/index.js';
import type { RegionExample, RegionKind } from '../../src/regions/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import { addModel, makeGraphs } from './graphs.js';

/** An example of a row of one table with a row of the other, and the model that serves both. */
export interface Pair {
  kind: string;
  example: InputExample;
  region: RegionKind;
  shown: RegionExample;
  /** The model's name. */
  model: string;
  config: string;
}

/** All examples of a row. */
export const examplesOf = ({ example, otherExamples = [] }: RegionKind) => [example, ...otherExamples];

function pair(kind: string, example: InputExample, region: RegionKind, shown: RegionExample): Pair {
  const name = `${kind}-${region.name ?? region.tag}-${examplesOf(region).indexOf(shown)}`;
  const model = name.toLowerCase().replace(/[^a-z0-9-]/g, '-');
  const { control, beside } = shown;
  const config = `<View>${example.object}${control}${beside?.control ?? ''}</View>`;
  return { kind, example, region, shown, model, config };
}

/**
 * Every way to combine a row of one table with a row of the other; a row that needs what only some inputs know with the
 * input of its example alone, as its outputs belong to that.
 */
export const pairsOf = (region: RegionKind): Pair[] =>
  examplesOf(region).flatMap(shown => {
    const { input } = shown;
    if (input !== undefined) return [pair(input.kind, input, region, shown)];
    return Object.values(INPUTS).map(({ kind, example }) => pair(kind, example, region, shown));
  });

export const PAIRS = Object.values(REGIONS).flatMap(pairsOf);

/** The graphs of an example beside `model.onnx`, by file name. */
async function furtherGraphs({ graphs = {} }: InputExample): Promise<Record<string, Buffer>> {
  const entries = Object.entries(graphs).filter(([name]) => name !== 'model.onnx');
  const made = await makeGraphs(entries.map(([, { feeds = {}, outputs }]) => ({ inputs: feeds, outputs })));
  return Object.fromEntries(entries.map(([name], index) => [name, made[index]!]));
}

/**
 * Writes a model for each pair into a model repository.
 * @returns the folders of their versions, by the models' names
 */
export async function addExampleModels(root: string, pairs: readonly Pair[]): Promise<Map<string, string>> {
  const folders = new Map<string, string>();
  const graphs = await makeGraphs(
    pairs.map(({ example, shown }) => ({
      inputs: example.feeds,
      outputs: { ...shown.outputs, ...example.graphs?.['model.onnx']?.outputs },
    })),
  );
  const further = new Map<InputExample, Record<string, Buffer>>();
  for (const { example } of Object.values(INPUTS)) further.set(example, await furtherGraphs(example));
  for (const [index, { kind, example, region, shown, model }] of pairs.entries()) {
    const { output, options, beside } = shown;
    const entries = [{ name: output.name, control: region.tag, ...options }];
    if (beside) entries.push({ name: 'beside', control: beside.tag });
    const folder = await addModel(root, model, {
      manifest: { input: { kind, ...example.options }, outputs: entries },
      outputs: entries.map(({ name }) => ({ ...((name === 'beside' && beside?.output) || output), name })),
      graph: graphs[index]!,
      files: example.files,
      graphs: further.get(example) ?? {},
    });
    folders.set(model, folder);
  }
  return folders;
}
