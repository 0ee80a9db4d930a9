import type { Logger } from 'pino';
import { AppError, type ErrorCode } from './errors.js';
import { fetchedPlace } from './inputs/shown/fetched.js';
import { readText } from './inputs/shown/text.js';
import { buildLabelMap } from './label-config/label-map.js';
import type { LabelConfig, ParsedLabelConfig } from './label-config/parse.js';
import { placeOfObject, placesOf } from './label-config/places.js';
import { projectIdOf } from './project-key.js';
import type { Region } from './regions/contract.js';
import type { ModelState } from './state.js';
import type { TaskData } from './task-data/fetch.js';
import { preloadTaskData } from './task-data/preload.js';

/** A Label Studio task as `/predict` carries it. */
export interface Task {
  id?: number;
  data: Record<string, unknown>;
  [field: string]: unknown;
}

/** What the editor sends with an interactive request; null for all others. */
export interface Context {
  result?: Region[];
  [field: string]: unknown;
}

/** A prediction for one task; https://labelstud.io/guide/predictions */
export interface Prediction {
  result: (Partial<Region> & Record<string, unknown>)[];
  /** Confidence, 0..1; null or absent: none. */
  score?: number | null;
  model_version?: string;
  [field: string]: unknown;
}

/** Why one task has no prediction; Label Studio drops such an item and asks again later. */
export interface TaskError {
  error: { code: ErrorCode; message: string };
  model_version?: string;
}

/** What `predict` gives for one task: a prediction, several of them, or why there is none. */
export type PredictionItem = Prediction | Prediction[] | TaskError;

export interface ModelResponse {
  predictions: PredictionItem[];
  modelVersion?: string;
}

/** What an instance is made with; the server passes it to the constructor. */
export interface ModelContext {
  /** The model's name in URLs and in the default `modelVersion`. */
  name: string;
  /** The project's key: Label Studio's id, with the time of creation where it is known; empty for requests that name none. */
  project: string;
  labelConfig: LabelConfig;
  /** The controls that it answers, where other models answer the rest; null: all. */
  controls: readonly string[] | null;
  /** What the user typed as extra params in Label Studio. */
  readonly extraParams: Readonly<Record<string, unknown>>;
  state: ModelState;
  taskData: TaskData;
  log: Logger;
}

/** Keys of the state that the base class uses itself; the names are the Python SDK's. */
export const MODEL_VERSION = 'model_version';
export const TRAIN_OUTPUT = 'train_output';

/** `modelVersion` of a class that has set none. */
export function initialVersion(model: string): string {
  return `${model}:0.0.1`;
}

/**
 * The class to extend for a backend of your own. The names are those of the Python SDK in camelCase.
 *
 * One instance is made for each project and labeling config, by the server; `setup()` runs once, before the first
 * `predict`. Do not work in a constructor.
 *
 * @example
 * class MyModel extends LabelStudioMLBase {
 *   override predict(tasks: Task[]) {
 *     const [from_name, to_name] = this.getFirstTagOccurrence('Choices', 'Text');
 *     return tasks.map(() => ({
 *       result: [{ from_name, to_name, type: 'choices', value: { choices: ['My Label'] } }],
 *       score: 0.42,
 *     }));
 *   }
 * }
 * await serve(MyModel);
 */
export abstract class LabelStudioMLBase {
  readonly #context: ModelContext;

  constructor(context: ModelContext) {
    this.#context = context;
  }

  /**
   * Prepares the instance. An error here is what the user sees when the backend is connected. Requests wait for it until
   * `REQUEST_DEADLINE`; it goes on then, and later ones wait for the same.
   */
  setup(): void | Promise<void> {}

  /**
   * Predicts. A request waits for it until `REQUEST_DEADLINE`.
   * @param tasks at least one
   * @param context what the annotator just did, in an interactive request; otherwise null
   * @returns one item a task, in their order
   */
  abstract predict(
    tasks: Task[],
    context: Context | null,
  ): PredictionItem[] | ModelResponse | Promise<PredictionItem[] | ModelResponse>;

  /**
   * Learns from an event, in the background: Label Studio is not kept waiting.
   *
   * It runs in a process of its own, which starts the script that calls `serve()` again, on an instance that is made and
   * set up there; so it may hold the thread, be cancelled, or end its process, and the server serves on. What reaches the
   * server is what it returns, what it keeps with `set`, and `modelVersion` if it sets that; instances are then made anew,
   * so that their `setup` sees it. A throw fails the job, and leaves `trainOutput` and `modelVersion` as they were.
   *
   * Each annotation event and press on **Start Training** asks for it, one at a time a project. What comes meanwhile is
   * one more call, with the newest event's body (and the event `START_TRAINING`, if that was among them).
   * @param event such as `ANNOTATION_CREATED` or `START_TRAINING`
   * @param data the webhook's body
   * @returns anything JSON can hold; it is kept as `trainOutput`
   */
  fit(_event: string, _data: Record<string, unknown>): unknown {
    return undefined;
  }

  /** The model's name in URLs. */
  get name(): string {
    return this.#context.name;
  }

  /** Label Studio's id of the project; empty for requests that name none. */
  get projectId(): string {
    return projectIdOf(this.#context.project);
  }

  /** The project's key on this server, such as `4.1795520884`: two Label Studios may have projects of one id. */
  get projectKey(): string {
    return this.#context.project;
  }

  /** The labeling config's XML. */
  get labelConfig(): string {
    return this.#context.labelConfig.xml;
  }

  /** The labeling config as Label Studio's `parse_config` gives it. */
  get parsedLabelConfig(): ParsedLabelConfig {
    return this.#context.labelConfig.parsed;
  }

  /** What the user typed as extra params in Label Studio. */
  get extraParams(): Readonly<Record<string, unknown>> {
    return this.#context.extraParams;
  }

  /** What the last `fit` returned; undefined before the first. */
  get trainOutput(): unknown {
    return this.get(TRAIN_OUTPUT);
  }

  /** The string that Label Studio sees; change it when, and only when, what is predicted changes. */
  get modelVersion(): string {
    return (this.get(MODEL_VERSION) as string | undefined) ?? initialVersion(this.name);
  }

  set modelVersion(version: string) {
    this.set(MODEL_VERSION, version);
  }

  /** A value kept with `set`, for this project; undefined if there is none. */
  get(key: string): unknown {
    return this.#context.state.get(key);
  }

  /** Keeps a value (anything JSON can hold) for this project; it survives a restart. Undefined takes it away. */
  set(key: string, value: unknown): void {
    this.#context.state.set(key, value);
  }

  has(key: string): boolean {
    return this.#context.state.has(key);
  }

  /**
   * The first control tag of a type whose object tag is of a type, among those that this model answers.
   *
   * @param control a control tag, or several, such as `Choices`
   * @param object an object tag, or several, such as `Text`
   * @returns `from_name`, `to_name` and what the object's `value` says without its `$`: the key of `task.data`, where it is
   *   no path and no longer text (`shownText` reads them all)
   * @throws AppError `no_model_fits` when the labeling config has none
   */
  getFirstTagOccurrence(
    control: string | readonly string[],
    object: string | readonly string[],
  ): [string, string, string] {
    const controls = [control].flat();
    const objects = [object].flat();
    const own = this.#context.controls;
    for (const { name, tag } of this.#context.labelConfig.controls.values()) {
      if (own !== null && !own.includes(name)) continue;
      const [place] = controls.includes(tag) ? placesOf(this.#context.labelConfig, name, objects) : [];
      if (place) return [name, place.object, place.shown.source.replace(/^\$+/, '')];
    }
    throw new AppError(
      'no_model_fits',
      `the model '${this.name}' needs ${controls.join(' or ')} on ${objects.join(' or ')}; the labeling config has no such control`,
    );
  }

  /**
   * The text that a Text or HyperText tag shows for a task, as the editor reads it: `$a.b`, `$title: $body`, `encoding`, and
   * fetched where it has `valueType="url"`.
   *
   * @param object the tag's name, as in `to_name`
   * @throws AppError `task_invalid` when the task has no such text, `task_unreadable` when it cannot be fetched
   */
  async shownText(task: Task, object: string): Promise<string> {
    const { labelConfig, taskData, project } = this.#context;
    const tag = labelConfig.objects.get(object);
    if (!tag) throw new AppError('no_model_fits', `the labeling config has no object tag named '${object}'`);
    const place = placeOfObject(tag, labelConfig);
    if (!place.isUrl) return readText(task.data, place);
    const textAt = (address: string) =>
      taskData.textAt(address, { projectId: project, taskId: task.id ?? null });
    return readText(task.data, await fetchedPlace(task.data, place, textAt));
  }

  /**
   * Maps a model's label names to the config's: by `predicted_values`, by name, by the value that is shown, then in another case.
   *
   * @param tag the control's name, as in `from_name`
   * @param names the model's labels
   * @returns the config's label by the model's name; names without one are absent
   */
  buildLabelMap(tag: string, names: readonly string[]): Record<string, string> {
    const control = this.parsedLabelConfig[tag];
    if (!control) throw new AppError('no_model_fits', `the labeling config has no control named '${tag}'`);
    return Object.fromEntries(buildLabelMap(control, names));
  }

  /**
   * Replaces what points to text (URLs, uploads, local files, cloud URIs) by that text, at any depth.
   *
   * @param task the task that the value belongs to
   * @param value a value of `task.data`; all of it by default
   * @throws AppError `task_unreadable`, saying what cannot be read and why
   */
  preloadTaskData(task: Task, value: unknown = task.data): Promise<unknown> {
    return preloadTaskData(this.#context.taskData, { ...task, project: this.projectKey }, value);
  }
}

/** A class that `serve` and `createApp` take. */
export type ModelClass = new (context: ModelContext) => LabelStudioMLBase;
