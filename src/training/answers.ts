import { setTimeout } from 'node:timers/promises';
import { AppError } from '../errors.js';
import type { Pool } from '../inference/pool.js';
import { type Answer, failureOf, splitItems } from '../inference/protocol.js';
import { takeValue } from '../inputs/values.js';
import { type BoundModel, bindModel } from '../label-config/bind.js';
import type { LabelConfig } from '../label-config/parse.js';
import type { AnnotatedResult, Target } from '../regions/contract.js';
import type { ServedVersion } from '../registry/registry.js';
import { Slots } from '../task-data/slots.js';
import { TaskList, type ValueOpener } from '../tasks.js';
import type { DatasetCounts } from './dataset.js';
import type { HeldOutRow } from './held-out.js';
import { type LearntOutput, learntOutputs } from './outputs.js';
import { isWritten, metaOf, writtenPlace } from './readable.js';

export interface AnswerDeps {
  pool: Pool;
}

/** How often what was refused for want of room or time is asked for, and the first pause before that. */
const ATTEMPTS = 5;
const PAUSE_MS = 500;

/** A loaded version, asked as `/predict` asks it, and its results read as an annotator's are. */
export class Examinee {
  readonly #deps: AnswerDeps;
  readonly #version: ServedVersion;
  readonly #bound: BoundModel;
  readonly #outputs: readonly LearntOutput[];

  /**
   * @param isNew whether it was just trained for this config: then it is to know all of its labels
   * @param among the controls that it may fill; absent: all
   * @throws AppError `label_mismatch` or `no_model_fits` when the version does not fit the config
   */
  constructor(
    deps: AnswerDeps,
    version: ServedVersion,
    config: LabelConfig,
    isNew: boolean,
    among?: ReadonlySet<string>,
  ) {
    const { model: name, manifest, project, record } = version;
    this.#deps = deps;
    this.#version = version;
    const trained = project !== null && !isNew;
    this.#bound = bindModel({ name, manifest, outputs: record.outputs, trained, among }, config);
    this.#outputs = learntOutputs(manifest, this.#bound.binding, config);
  }

  /**
   * The labels that annotations use and that it never answers.
   * @param used as in `DatasetCounts`
   */
  unknown(used: DatasetCounts['labels']): string[] {
    const controls = new Map(this.#outputs.map(({ output }) => [output.name, output.from_name]));
    return Object.entries(used).flatMap(([name, labels]) => {
      const control = controls.get(name);
      const isUnknown = (label: string) =>
        control === undefined || this.#bound.unanswered.get(control)!.includes(label);
      return Object.keys(labels).filter(isUnknown);
    });
  }

  /**
   * What the version says to some rows.
   * @returns for each row the answers by the output's name; those that it does not have are left out
   * @throws AppError of the pool, when it has no room or time even later; the signal's reason
   */
  async answer(rows: readonly HeldOutRow[], signal: AbortSignal): Promise<Record<string, Target>[]> {
    const items = await this.#items(rows, signal);
    return Promise.all(
      items.map(async (item, row) =>
        failureOf(item) ? Object.create(null) : await this.#read(item, rows[row]!),
      ),
    );
  }

  async #items(rows: readonly HeldOutRow[], signal: AbortSignal): Promise<string[]> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await this.#run(rows, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof AppError) || !error.retryable || attempt === ATTEMPTS) throw error;
        await setTimeout(PAUSE_MS * 2 ** (attempt - 1), undefined, { signal });
      }
    }
  }

  async #run(rows: readonly HeldOutRow[], signal: AbortSignal): Promise<string[]> {
    const { pool } = this.#deps;
    const { place, binding } = this.#bound;
    const { key, manifest } = this.#version;
    const { input } = manifest;
    // What is behind addresses stands in the rows already.
    const open: ValueOpener['open'] = async (task, reader) => ({
      read: () => takeValue(task, { ...reader, place: writtenPlace(task, place) }),
    });
    const tasks = new TaskList(
      rows.map(({ task }) => task),
      isWritten(place, input) ? { open, memory: new Slots(0) } : undefined,
    );
    const source = tasks.groups({ binding: binding.id, place, input, context: null }, null);
    const over = new AbortController();
    const gone = new Promise<void>(resolve =>
      signal.addEventListener('abort', () => resolve(), { signal: over.signal }),
    );
    try {
      const { pieces } = await pool.run({ key, binding, source, priority: 'bulk', gone });
      return pieces.flatMap(piece => {
        if ('missing' in piece) throw piece.missing;
        return splitItems(piece.text);
      });
    } finally {
      over.abort();
    }
  }

  async #read(item: string, { task, targets }: HeldOutRow): Promise<Record<string, Target>> {
    const { result } = JSON.parse(item) as Extract<Answer, { result: unknown }>;
    const answers: Record<string, Target> = Object.create(null);
    const meta = await metaOf(task, this.#bound.place, this.#version.manifest.input);
    for (const { output, read, place } of this.#outputs) {
      const { name, from_name } = output;
      const own = result.filter(each => 'from_name' in each && each.from_name === from_name);
      // No result is an answer too where any number of labels is.
      const none = Array.isArray(targets[name]) ? [] : null;
      const answer = own.length > 0 ? read(own as readonly AnnotatedResult[]).target : none;
      const placed = answer === null ? null : place(answer, meta);
      if (placed !== null) answers[name] = placed;
    }
    return answers;
  }
}
