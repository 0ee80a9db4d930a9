import { inBackground } from './background.js';
import { AppError, attempt } from './errors.js';
import type { LateTaker, Piece, Priority } from './inference/job.js';
import type { Pool } from './inference/pool.js';
import { failureOf, failureText, ITEM_SEPARATOR, splitItems } from './inference/protocol.js';
import type { TaskValue } from './inputs/contract.js';
import { type FileValue, readAddress } from './inputs/file.js';
import { INPUTS } from './inputs/index.js';
import { fetchedPlace, isFetched } from './inputs/shown/fetched.js';
import { errorOfPage, isPages } from './inputs/shown/pages.js';
import { dataOf, type RawTask, takeValue, type ValueReader } from './inputs/values.js';
import { type Bindable, type BoundModel, bindModel } from './label-config/bind.js';
import { LabelMismatchError } from './label-config/fit-labels.js';
import {
  type Context,
  LabelStudioMLBase,
  type ModelContext,
  type ModelResponse,
  type PredictionItem,
  type Task,
} from './model.js';
import type { Manifest } from './registry/manifest.js';
import type { Registry, ServedVersion } from './registry/registry.js';
import type { ResultCache } from './result-cache.js';
import type { ReadRequest } from './task-data/fetch.js';
import { type OpenedValue, openedTogether, type TaskBatch, TaskList, type ValueOpener } from './tasks.js';
import { notTrained, untrained, withoutVersion } from './untrained.js';

export interface OnnxDeps {
  registry: Registry;
  pool: Pool;
  /** Null: every task is run. */
  cache: ResultCache | null;
  /** New annotations that start a training: `TRAIN_EVERY`. */
  every: number;
  /** Why the last training of a model for a project failed; undefined when it did not. */
  failure(model: string, project: string): string | undefined;
}

export interface AnswerOptions {
  context: Context | null;
  /** Resolves when nobody waits for the answer any more. */
  gone?: Promise<unknown> | undefined;
}

/** The texts of items, in the order of the tasks; joined by `ITEM_SEPARATOR` they are what stands in `results`. */
export interface ItemTexts {
  texts: (string | Buffer)[];
  modelVersion: string;
  /** Resolves when the tasks are not needed any more; absent: they are not. */
  over?: Promise<void> | undefined;
}

/** A version as it is bound; one of the project's own keeps serving where labels were renamed. */
export function bindableOf({ model: name, manifest, record, project, controls }: ServedVersion): Bindable {
  return { name, manifest, outputs: record.outputs, trained: project !== null, first: controls };
}

/**
 * Whether a version cannot be bound because it was trained for a project that has none of its labels any more: the model is
 * as untrained then, and learns the new ones.
 */
export function isOutdated(
  error: unknown,
  { project }: ServedVersion,
  manifest: Manifest | undefined,
): boolean {
  return project !== null && manifest?.train !== undefined && error instanceof LabelMismatchError;
}

/** A model of the repository, as any other model: it binds itself to the project's config and predicts in the pool. */
export class OnnxModel extends LabelStudioMLBase {
  readonly #context: ModelContext;
  readonly #deps: OnnxDeps;
  #bound: { key: string; model: BoundModel | AppError } | undefined;

  constructor(context: ModelContext, deps: OnnxDeps) {
    super(context);
    this.#context = context;
    this.#deps = deps;
  }

  /**
   * @throws AppError `no_model_fits` or `label_mismatch`, naming what the model and what the config has; `version_unusable`
   *   when its version cannot be loaded, or it has none and no trainer
   */
  override setup(): void {
    const { registry } = this.#deps;
    const version = this.#current();
    if (version) this.#bind(version);
    else {
      const unusable = registry.unusable(this.name, this.projectKey);
      if (unusable) throw unusable;
      const manifest = this.#manifest();
      this.#bindTo({ name: this.name, manifest, outputs: null });
      if (!manifest.train) throw withoutVersion(this.name);
    }
  }

  override get modelVersion(): string {
    return this.#current()?.label ?? untrained(this.name);
  }

  override async predict(tasks: Task[], context: Context | null): Promise<ModelResponse> {
    const { texts, modelVersion } = await this.answer(new TaskList(tasks), { context });
    return { predictions: JSON.parse(`[${texts.join(ITEM_SEPARATOR)}]`) as PredictionItem[], modelVersion };
  }

  /**
   * Predicts without making objects of what the children answer: they are only passed on.
   * @throws AppError `untrained`, `version_unusable`, `label_mismatch` and those of the pool
   */
  async answer(batch: TaskBatch, { context, gone }: AnswerOptions): Promise<ItemTexts> {
    const lease = this.#current() && this.#deps.registry.lease(this.name, this.projectKey);
    if (!lease) {
      const unusable = this.#deps.registry.unusable(this.name, this.projectKey);
      if (unusable) throw unusable;
      if (!this.#manifest().train) throw withoutVersion(this.name);
      throw notTrained(this.name, {
        every: this.#deps.every,
        failure: this.#deps.failure(this.name, this.projectKey),
        isOutdated: this.#deps.registry.current(this.name, this.projectKey) !== undefined,
      });
    }
    let over: Promise<void> | undefined;
    try {
      const { version } = lease;
      const { place, binding } = this.#bind(version);
      const { input } = version.manifest;
      const kind = INPUTS[input.kind]!;
      const open = kind.file ? this.#file : isFetched(kind, place) ? this.#fetched : undefined;
      const memory = this.#context.taskData.textMemory;
      const reader: ValueReader = { binding: binding.id, place, input, context };
      const tasks = open ? new TaskList(await batch.all(), { open, memory }) : batch;
      const priority: Priority = context !== null ? 'interactive' : tasks.count === 1 ? 'single' : 'bulk';
      const run = async (indices: readonly number[] | null, late?: LateTaker) => {
        const source = tasks.groups(reader, indices);
        const job = { key: version.key, binding, source, priority, gone, late };
        const answered = await this.#deps.pool.run(job);
        over = answered.over;
        return answered.pieces.flatMap(piece => textsOf(piece, version.label));
      };
      const { cache } = this.#deps;
      // What an annotator points at while drawing rarely comes twice; and what an address holds may change. What is kept
      // belongs to one load of the version: model.json may say otherwise by the next, and projects may have versions of one name.
      const texts =
        cache === null || context !== null || open || !cache.suits(tasks.count)
          ? await run(null)
          : await throughCache(cache, `${version.key}\n${binding.id}\n`, await tasks.digests(reader), run);
      return { texts, modelVersion: version.label, over };
    } finally {
      if (over) {
        const released = over.then(() => lease.release());
        inBackground(this.#context.log, 'a version could not be given back', released);
      } else lease.release();
    }
  }

  /** Whether it reads something of what an annotator has drawn on its object, whatever control drew that. */
  readsDrawn(context: Context): boolean {
    const version = this.#current();
    const reads = version && INPUTS[version.manifest.input.kind]!.readsDrawn;
    return reads?.(context, this.#bind(version!).place.object) ?? false;
  }

  /** Puts the path of a fetched file in the place of its address. */
  readonly #file: ValueOpener['open'] = async (task, reader, signal) => {
    const value = takeValue(task, reader);
    const request = this.#request(task, signal);
    if (!isPages(value)) return this.#withFile(value, request);
    const { all, release } = await openedTogether(
      value.pages.map(async page => {
        try {
          return await this.#withFile(page.value, request);
        } catch (error) {
          throw errorOfPage(page.item, error);
        }
      }),
    );
    const pages = value.pages.map((page, index) => ({ ...page, value: all[index]!.read() }));
    return { read: () => ({ pages }), release };
  };

  async #withFile(value: TaskValue, request: ReadRequest): Promise<OpenedValue> {
    const { file } = value as Partial<FileValue>;
    if (file === undefined) return { read: () => value };
    const { path, release } = await this.#context.taskData.file(file, request);
    return { read: () => ({ ...(value as FileValue), file: path }), release };
  }

  /** Reads the text behind an address in the place of that. */
  readonly #fetched: ValueOpener['open'] = async (task, reader, signal) => {
    const address = readAddress(dataOf(task), reader.place);
    const text = await this.#context.taskData.text(address, this.#request(task, signal));
    const read = async () => {
      const place = await fetchedPlace(dataOf(task), reader.place, () => text.read());
      return takeValue(task, { ...reader, place });
    };
    return { ...text, read };
  };

  #request(task: RawTask, signal: AbortSignal): ReadRequest {
    return { projectId: this.projectKey, taskId: (task as Partial<Task>).id ?? null, signal };
  }

  #manifest() {
    const manifest = this.#deps.registry.manifest(this.name);
    if (!manifest)
      throw new AppError('model_unknown', `the model '${this.name}' was removed from the repository`);
    return manifest;
  }

  /** The version that serves the project; undefined also for one that knows none of its labels any more. */
  #current(): ServedVersion | undefined {
    const { registry } = this.#deps;
    const version = registry.current(this.name, this.projectKey);
    if (!version) return undefined;
    const bound = this.#boundOf(version);
    return isOutdated(bound, version, registry.manifest(this.name)) ? undefined : version;
  }

  /** @throws AppError as `setup` does */
  #bind(version: ServedVersion): BoundModel {
    const bound = this.#boundOf(version);
    if (bound instanceof AppError) throw bound;
    return bound;
  }

  /** The version, bound to the project's config, or why it cannot be. */
  #boundOf(version: ServedVersion): BoundModel | AppError {
    const { extraParams } = this;
    const key = `${version.key} ${JSON.stringify(extraParams)}`;
    if (this.#bound?.key !== key) {
      this.#bound = { key, model: attempt(() => this.#bindTo(bindableOf(version))) };
    }
    return this.#bound.model;
  }

  #bindTo(model: Bindable): BoundModel {
    const { labelConfig, controls } = this.#context;
    const among = controls === null ? undefined : new Set(controls);
    return bindModel({ ...model, extraParams: this.extraParams, among }, labelConfig);
  }
}

/** A piece's items: as they came, or one failure for each task that was given up. */
function textsOf(piece: Piece, label: string): (string | Buffer)[] {
  if ('text' in piece) return [piece.text];
  const { code, message } = piece.missing;
  return new Array(piece.count).fill(failureText({ code, message }, label));
}

/** Answers from the cache what it knows, and lets it learn the rest. */
async function throughCache(
  cache: ResultCache,
  prefix: string,
  digests: readonly (string | undefined)[],
  run: (indices: readonly number[], late: LateTaker) => Promise<(string | Buffer)[]>,
): Promise<string[]> {
  const learn = (index: number, text: string) => {
    const digest = digests[index];
    if (digest !== undefined && failureOf(text) === undefined) cache.set(prefix + digest, text);
  };
  const items: (string | undefined)[] = digests.map(digest =>
    digest === undefined ? undefined : cache.get(prefix + digest),
  );
  const missing = items.flatMap((item, index) => (item === undefined ? [index] : []));
  if (missing.length > 0) {
    // Label Studio asks again for what was late.
    const late: LateTaker = (first, piece) => {
      if ('missing' in piece) return;
      for (const [at, text] of splitItems(piece.text).entries()) learn(missing[first + at]!, text);
    };
    const parts = await run(missing, late);
    const texts = parts.flatMap(text => (typeof text === 'string' ? text : splitItems(text)));
    missing.forEach((index, place) => {
      items[index] = texts[place]!;
      learn(index, texts[place]!);
    });
  }
  return items as string[];
}
