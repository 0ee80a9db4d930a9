import { join } from 'node:path';
import { AppError, messageOf } from '../errors.js';
import type { Encoder, RunGraph, TaskFailure, TaskValue } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import type { RowOutputs } from '../regions/contract.js';
import { tensorsOf } from '../registry/version.js';
import {
  type Binding,
  type ChildResults,
  type ControlBinding,
  failureText,
  type ValueGroup,
  type VersionSource,
} from './protocol.js';
import type { ProviderChoice } from './providers/contract.js';
import { chooseProvider, type Graph, loadGraph } from './runtime.js';
import { ValueAnswer } from './value-answer.js';

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
    const failures = await this.run([this.#encoder.warmUp], () => {});
    for (const failure of failures.values()) throw new Error(failure.message);
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

/** A version with the projects' bindings that were used with it. */
interface Held {
  version: LoadedVersion;
  bindings: Map<string, Binding>;
}

/**
 * The body of an inference child, free of any transport: it answers the requests of `protocol.ts` one at a time.
 */
export class InferenceHost {
  readonly #versions = new Map<string, Held>();
  #provider: ProviderChoice | undefined;

  /** @throws AppError `provider_unavailable` when no provider of the list works here */
  async start(providers: readonly ProviderChoice[]): Promise<ChildResults['start']> {
    const { choice, reasons } = await chooseProvider(providers);
    this.#provider = choice;
    return { provider: choice.name, reasons };
  }

  /** @throws AppError `version_invalid` */
  async load(source: VersionSource): Promise<ChildResults['load']> {
    if (!this.#provider)
      throw new AppError('internal', 'a version was loaded before the provider was chosen');
    const begin = performance.now();
    if (!this.#versions.has(source.key)) {
      const version = await LoadedVersion.load(source, this.#provider);
      this.#versions.set(source.key, { version, bindings: new Map() });
    }
    return { milliseconds: performance.now() - begin };
  }

  async unload(key: string): Promise<null> {
    const held = this.#versions.get(key);
    this.#versions.delete(key);
    await held?.version.release();
    return null;
  }

  /**
   * Runs the groups as one batch.
   * @param bindings those of the groups that this host was not told yet
   * @param renew whether it forgets the others
   * @returns for each group the texts of its items, in the order of its values
   * @throws AppError `model_failed` when the graph fails
   */
  async run(
    key: string,
    bindings: readonly Binding[],
    groups: readonly ValueGroup[],
    renew = false,
  ): Promise<string[][]> {
    const held = this.#versions.get(key);
    if (!held) throw new AppError('not_ready', `version ${key} is not loaded in this process; send it again`);
    if (renew) held.bindings.clear();
    for (const binding of bindings) held.bindings.set(binding.id, binding);
    const { source } = held.version;

    const texts = groups.map(({ values }) => new Array<string>(values.length));
    const values: TaskValue[] = [];
    const places: { group: number; index: number; controls: readonly ControlBinding[] }[] = [];
    groups.forEach(({ binding, values: own, failures }, group) => {
      const bound = held.bindings.get(binding);
      if (!bound)
        throw new AppError('internal', `binding ${binding} of version ${key} is not known in this process`);
      own.forEach((value, index) => {
        const failure = failures?.[index];
        if (failure) {
          texts[group]![index] = failureText(failure, source.label);
        } else {
          values.push(value);
          places.push({ group, index, controls: bound.controls });
        }
      });
    });
    try {
      const open = new Map<number, ValueAnswer>();
      const failures = await held.version.run(values, (value, answer, continues) => {
        const { group, index, controls } = places[value]!;
        const whole = open.get(value) ?? new ValueAnswer(source, controls);
        if (continues) {
          whole.add(answer);
          open.set(value, whole);
        } else {
          texts[group]![index] = whole.finish(answer);
          open.delete(value);
        }
      });
      for (const [value, failure] of failures) {
        const { group, index } = places[value]!;
        texts[group]![index] = failureText(failure, source.label);
      }
      // No controls: a value that says nothing fills none.
      const nothing = new ValueAnswer(source, []).finish({ outputs: {}, row: 0, metas: NO_METAS });
      for (const { group, index } of places) texts[group]![index] ??= nothing;
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('model_failed', `the model ${source.label} failed on these tasks`, { cause: error });
    }
    return texts;
  }
}
