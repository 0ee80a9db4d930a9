import { join } from 'node:path';
import { AppError, messageOf } from '../errors.js';
import type { Encoder, RunGraph, TaskFailure, TaskValue } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import type { RowOutputs } from '../regions/contract.js';
import { REGIONS } from '../regions/index.js';
import { tensorsOf } from '../registry/version.js';
import type { VersionSource } from './protocol.js';
import type { ProviderChoice } from './providers/contract.js';
import { type Graph, loadGraph } from './runtime.js';

/**
 * Called with what the graph answered for one value, by its index.
 *
 * @param continues whether it is only a part: the value's next rows come in another call
 */
export type OutputsVisitor = (value: number, answer: RowOutputs, continues: boolean) => void;

/** The graph that every version has. */
const MAIN_GRAPH = 'model.onnx';
const NO_METAS: readonly unknown[] = [];

/** A model version in memory: its encoder and its graph. */
export class LoadedVersion {
  readonly source: VersionSource;
  readonly #encoder: Encoder;
  /** By file name. */
  readonly #graphs: ReadonlyMap<string, Graph>;

  private constructor(source: VersionSource, encoder: Encoder, graphs: ReadonlyMap<string, Graph>) {
    this.source = source;
    this.#encoder = encoder;
    this.#graphs = graphs;
  }

  /**
   * Loads a version's folder and runs it once, so that the first request does not pay for it.
   * @throws AppError `version_invalid`, naming the folder and what is wrong with it
   */
  static async load(source: VersionSource, provider: ProviderChoice): Promise<LoadedVersion> {
    try {
      const kind = INPUTS[source.input.kind];
      if (!kind) throw new Error(`its input kind '${source.input.kind}' is not known to this server`);
      const encoder = await kind.load(source.folder, source.input);
      const graphs = new Map<string, Graph>();
      const version = new LoadedVersion(source, encoder, graphs);
      try {
        for (const name of [MAIN_GRAPH, ...(kind.graphs ?? [])])
          graphs.set(name, await loadGraph(join(source.folder, name), provider));
        await version.warmUp();
      } catch (error) {
        await version.release();
        throw error;
      }
      return version;
    } catch (error) {
      throw new AppError('version_invalid', `${source.folder} cannot be served: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  private async warmUp(): Promise<void> {
    const known = [...this.#graphs.get(MAIN_GRAPH)!.outputs, ...(this.#encoder.outputs ?? [])];
    const missing = this.source.outputs.flatMap(tensorsOf).filter(name => !known.includes(name));
    if (missing.length > 0)
      throw new Error(`${MAIN_GRAPH} has no output ${missing.join(', ')}; it has ${known.join(', ')}`);
    const failures = await this.run([this.#encoder.warmUp], (_, answer) => this.#check(answer));
    for (const failure of failures.values()) throw new Error(failure.message);
  }

  /** Whether the graph gives what version.json says of each output. */
  #check(answer: RowOutputs): void {
    for (const output of this.source.outputs) {
      const row = Object.values(REGIONS).find(({ outputKinds }) => Object.hasOwn(outputKinds, output.kind));
      row?.outputKinds[output.kind]?.check?.(answer, output);
    }
  }

  /**
   * Runs values through encoder and graph.
   * @returns the values that could not be encoded, by index
   */
  async run(values: readonly TaskValue[], visit: OutputsVisitor): Promise<Map<number, TaskFailure>> {
    const failures = new Map<number, TaskFailure>();
    const fail = (row: number, failure: TaskFailure) => failures.set(row, failure);
    const runGraph: RunGraph = (feeds, graph = MAIN_GRAPH) => this.#graphs.get(graph)!.run(feeds);
    for await (const batch of this.#encoder.encode(values, fail, runGraph)) {
      const { rows, metas, drawn, continues = false } = batch;
      const outputs = 'feeds' in batch ? await runGraph(batch.feeds) : batch.outputs;
      for (let row = 0, next = 1; row < rows.length; row = next++) {
        while (next < rows.length && rows[next] === rows[row]) next++;
        const answer = { outputs, row, metas: metas?.slice(row, next) ?? NO_METAS, drawn: drawn?.[row] };
        visit(rows[row]!, answer, continues && next === rows.length);
      }
    }
    return failures;
  }

  async release(): Promise<void> {
    for (const graph of this.#graphs.values()) await graph.release();
  }
}
