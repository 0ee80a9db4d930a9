import { join } from 'node:path';
import { AppError, messageOf } from '../errors.js';
import type {
  AnsweredBatch,
  EncodedBatch,
  Encoder,
  RunGraph,
  TaskFailure,
  TaskValue,
} from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import type { RowOutputs } from '../regions/contract.js';
import { REGIONS } from '../regions/index.js';
import { isOfRegions } from '../regions/outputs.js';
import { graphOutputs, listOutputs } from '../registry/version.js';
import { verifyFiles } from '../registry/version-files.js';
import type { LoadFacts, VersionSource } from './protocol.js';
import type { ProviderChoice } from './providers/contract.js';
import { GraphRows, joined, type RowsPart } from './rows.js';
import { loadGraph, NO_TENSOR } from './runtime.js';
import { answersRows, answerToOther } from './single-rows.js';

/**
 * Called with what the graph answered for one value, by its index.
 *
 * @param continues whether it is only a part: the value's next rows come in another call
 */
export type OutputsVisitor = (value: number, answer: RowOutputs, continues: boolean) => void;

/** Whether some outputs hold finite numbers, or none. */
function areFinite({ outputs }: RowOutputs, names: readonly string[]): boolean {
  const isNone = (value: unknown) => typeof value === 'number' && !Number.isFinite(value);
  return names.every(name => !(outputs[name]!.data as unknown[]).some(isNone));
}

/** The graph that every version has. */
const MAIN_GRAPH = 'model.onnx';
const NO_METAS: readonly unknown[] = [];

/** A model version in memory: its encoder and its graph. */
export class LoadedVersion {
  readonly source: VersionSource;
  readonly #encoder: Encoder;
  /** By file name. */
  readonly #graphs: ReadonlyMap<string, GraphRows>;
  readonly #ofRegions = new Set<string>();

  private constructor(source: VersionSource, encoder: Encoder, graphs: ReadonlyMap<string, GraphRows>) {
    this.source = source;
    this.#encoder = encoder;
    this.#graphs = graphs;
  }

  /**
   * Loads a version's folder and runs it once, so that the first request does not pay for it.
   * @throws AppError `version_invalid`, naming the folder and what is wrong with it
   */
  static async load(source: VersionSource, provider: ProviderChoice): Promise<LoadedVersion> {
    const requireUnchanged = source.files && (await verifyFiles(source.folder, source.files));
    try {
      const kind = INPUTS[source.input.kind];
      if (!kind) throw new Error(`its input kind '${source.input.kind}' is not known to this server`);
      const encoder = await kind.load(source.folder, source.input);
      const graphs = new Map<string, GraphRows>();
      const lists = new Set(source.outputs.flatMap(listOutputs));
      const version = new LoadedVersion(source, encoder, graphs);
      try {
        for (const name of [MAIN_GRAPH, ...(kind.graphs ?? [])])
          graphs.set(name, new GraphRows(await loadGraph(join(source.folder, name), provider), lists));
        await version.warmUp();
        await requireUnchanged?.();
      } catch (error) {
        // The reason is what matters here.
        await version.release().catch(() => {});
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
    const main = this.#graphs.get(MAIN_GRAPH)!;
    const known = [...main.graph.outputs.map(({ name }) => name), ...(this.#encoder.outputs ?? [])];
    const needed = this.source.outputs.flatMap(graphOutputs);
    const missing = needed.filter(name => !known.includes(name));
    if (missing.length > 0)
      throw new Error(`${MAIN_GRAPH} has no output ${missing.join(', ')}; it has ${known.join(', ')}`);
    const unread = main.graph.outputs.find(({ name, type }) => type === NO_TENSOR && needed.includes(name));
    if (unread !== undefined) {
      throw new Error(
        `its graph gives no tensor for '${unread.name}': export it without maps and sequences (zipmap=False)`,
      );
    }
    const { warmUp } = this.#encoder;
    // First of all, as the value that it is tried with may have several rows itself.
    if (!(await answersRows(this.#encoder, main, needed))) main.useSingleRows();
    const answers: RowOutputs[] = [];
    const failures = await this.run([warmUp], (_, answer) => answers.push(answer));
    for (const failure of failures.values()) throw new Error(failure.message);
    for (const answer of answers) {
      // NaN for the warm-up value says little: an image all of one colour has no contrast to divide by.
      const other = areFinite(answer, needed) ? undefined : await answerToOther(this.#encoder, main);
      this.#check(other === undefined ? answer : { ...answer, outputs: other });
    }
  }

  /** Whether the graph gives what version.json says of each output. */
  #check(answer: RowOutputs): void {
    for (const output of this.source.outputs) {
      const rows = Object.values(REGIONS).filter(({ outputKinds }) =>
        Object.hasOwn(outputKinds, output.kind),
      );
      const { kind } = this.source.input;
      const meta = INPUTS[kind]!.meta ?? '';
      if (!rows.some(({ needs }) => needs?.includes(meta) ?? true)) {
        throw new Error(
          `its output '${output.name}' of the kind ${output.kind} needs an input of ${rows.flatMap(({ needs }) => needs!).join(' or ')}, and '${kind}' is none`,
        );
      }
      const others = this.source.outputs.filter(each => each !== output);
      if (isOfRegions(answer, output, others)) this.#ofRegions.add(output.name);
      rows[0]?.outputKinds[output.kind]?.check?.(answer, output, others);
    }
  }

  get facts(): LoadFacts {
    return { ofRegions: [...this.#ofRegions] };
  }

  /**
   * Runs values through encoder and graph.
   * @param progress called when a value is done
   * @returns the values that could not be encoded, by index
   */
  async run(
    values: readonly TaskValue[],
    visit: OutputsVisitor,
    progress: () => void = () => {},
  ): Promise<Map<number, TaskFailure>> {
    const failures = new Map<number, TaskFailure>();
    const fail = (row: number, failure: TaskFailure) => {
      failures.set(row, failure);
      progress();
    };
    const runGraph: RunGraph = async (feeds, graph = MAIN_GRAPH) => {
      const rows = Object.values(feeds)[0]!.dims[0] ?? 1;
      return joined(await this.#graphs.get(graph)!.parts(feeds, rows));
    };
    for await (const batch of this.#encoder.encode(values, fail, runGraph)) {
      const { rows, metas, drawn, continues = false } = batch;
      for (const { first, count, outputs } of await this.#answers(batch)) {
        const end = first + count;
        for (let row = first, next = row + 1; row < end; row = next++) {
          while (next < end && rows[next] === rows[row]) next++;
          const own = { metas: metas?.slice(row, next) ?? NO_METAS, drawn: drawn?.[row] };
          const goesOn = continues && next === rows.length;
          visit(rows[row]!, { outputs, row: row - first, rows: count, ...own }, goesOn);
          if (!goesOn) progress();
        }
      }
    }
    return failures;
  }

  /** What the graph says of a batch, in parts in which the rows of each value stand together. */
  async #answers(batch: EncodedBatch | AnsweredBatch): Promise<RowsPart[]> {
    const { rows } = batch;
    if (!('feeds' in batch)) return [{ first: 0, count: rows.length, outputs: batch.outputs }];
    const parts = await this.#graphs.get(MAIN_GRAPH)!.parts(batch.feeds, rows.length);
    const isCut = parts.some(({ first }) => first > 0 && rows[first - 1] === rows[first]);
    return isCut ? [{ first: 0, count: rows.length, outputs: joined(parts) }] : parts;
  }

  /** Why a value has no prediction: what it lacks, where that is why the model's numbers are none. */
  reasonOf(failure: AppError, value: TaskValue): AppError {
    const missing = failure.code === 'model_failed' ? this.#encoder.missing?.(value) : undefined;
    if (missing === undefined) return failure;
    return new AppError('task_invalid', `${missing}, and without it ${failure.message}`);
  }

  /** @throws what a graph could not be released for, when the others are */
  async release(): Promise<void> {
    const released = await Promise.allSettled([...this.#graphs.values()].map(({ graph }) => graph.release()));
    const failed = released.find(each => each.status === 'rejected');
    if (failed) throw failed.reason;
  }
}
