import type { Logger } from 'pino';
import { askClass, asModelFailure } from './ask-class.js';
import type { Backend, Directory } from './directory.js';
import { AppError } from './errors.js';
import { failureOf } from './inference/protocol.js';
import type { LabelConfig } from './label-config/parse.js';
import { requireLabelConfig } from './label-config/require.js';
import { LruMap } from './lru-map.js';
import type { Context, LabelStudioMLBase } from './model.js';
import { modelContext } from './model-context.js';
import { type ItemTexts, OnnxModel } from './onnx-model.js';
import { makePlan } from './plan.js';
import type { Project, State } from './state.js';
import type { TaskData } from './task-data/fetch.js';
import type { TaskBatch } from './tasks.js';
import type { Job } from './training/job.js';
import type { Jobs } from './training/jobs.js';
import type { Triggers } from './training/triggers.js';

export interface ServiceDeps {
  directory: Directory;
  state: State;
  jobs: Jobs;
  triggers: Triggers;
  taskData: TaskData;
  log: Logger;
}

export interface PredictRequest {
  batch: TaskBatch;
  /** Null: the request names none. */
  project: string | null;
  labelConfig: string | null;
  context: Context | null;
  /** The model that the URL names. */
  model: string | null;
  /** Resolves when nobody waits for the answer any more. */
  gone?: Promise<unknown>;
}

/** Instances and parsed configs that are kept; both are made again when they are asked for after that. */
const KEPT = 256;
/** Characters of the configs among their keys, together: what is parsed takes many times as much. */
const CONFIGS_KEPT = 8_000_000;
/** Characters of a labeling config: reading one as long takes most of a second, on the server's thread. */
const CONFIG_LENGTH = 1_000_000;

/** A map whose keys hold labeling configs. */
class ByConfig<V> extends LruMap<string, V> {
  constructor() {
    super(KEPT, ({ length }) => length, CONFIGS_KEPT);
  }
}

/** Everything that Label Studio can ask of a backend, free of HTTP. */
export class Service {
  readonly #deps: ServiceDeps;
  readonly #configs = new ByConfig<LabelConfig>();
  readonly #instances = new ByConfig<Promise<LabelStudioMLBase>>();
  /** Those whose `setup` runs; a stale one saw what has changed since. */
  readonly #making = new Set<{ key: string; stale: boolean }>();
  /** Which instance answers whom, as long as the directory's generation is the same. */
  readonly #routes = new ByConfig<{ generation: number; instance: Promise<LabelStudioMLBase> }>();

  constructor(deps: ServiceDeps) {
    this.#deps = deps;
  }

  /** The instances of a model that are in memory and set up. */
  readonly live = new ByConfig<LabelStudioMLBase>();

  /**
   * Sets a project up: its model is chosen, made, and bound to the config.
   * @throws AppError when the config does not parse or no model fits; the user reads its message in Label Studio
   */
  async setup(id: string, project: Project, model: string | null): Promise<{ model_version: string }> {
    this.#parse(project.labelConfig);
    // What was chosen and bound by other extra params may not fit by these.
    if (JSON.stringify(this.#extraParams(id)) !== JSON.stringify(project.extraParams)) this.forget(id);
    this.#deps.state.setProject(id, project);
    const { modelVersion } = await this.#instance(model, id, project.labelConfig);
    this.#deps.state.setLastProject(id);
    return { model_version: modelVersion };
  }

  /**
   * Predicts.
   * @returns the texts of the items of `results`, in the order of the tasks
   * @throws AppError for the request as a whole; a task's own failure is its item
   */
  async predict({ batch, model, context, gone, ...request }: PredictRequest): Promise<ItemTexts> {
    const { project, labelConfig } = this.#whose(request.project, request.labelConfig);
    const instance = await this.#instance(model, project, labelConfig);
    let answer: ItemTexts;
    if (batch.count === 0) answer = { texts: [], modelVersion: instance.modelVersion };
    else if (instance instanceof OnnxModel) answer = await instance.answer(batch, { context, gone });
    else {
      const own = instance.modelVersion;
      answer = await askClass(instance, await batch.all(), context, own);
    }
    if (answer.texts.length > 0 && (batch.count === 1 || context !== null)) {
      const failure = failureOf(answer.texts[0]!);
      if (failure) throw new AppError(failure.code, failure.message);
    }
    return answer;
  }

  /**
   * What a URL can answer as `model_version`, newest first.
   * @throws AppError `model_unknown`; `version_unusable` when its model.json is broken
   */
  versions(model: string | null, project: string | null): string[] {
    const { directory } = this.#deps;
    const backends = directory.list().filter(({ name }) => model === null || name === model);
    if (model !== null && backends.length === 0)
      throw directory.broken?.(model) ?? new AppError('model_unknown', `there is no model '${model}'`);
    return backends.flatMap(backend => backend.versions(project));
  }

  /**
   * Gives a model an event to learn from, in the background.
   * @returns the job's id; undefined when none is asked for yet, or the model that answers the project does not learn
   */
  learn(
    event: string,
    data: Record<string, unknown>,
    project: string | null,
    labelConfig: string | null,
    model: string | null,
  ): string | undefined {
    const whose = this.#whose(project, labelConfig);
    const config = this.#parse(whose.labelConfig);
    const backend = this.#pick(this.#wanted(model, whose.project), config, whose.project);
    const kind = backend.learns(modelContext(this.#deps, backend.name, whose.project, config));
    if (kind === null) return undefined;
    return this.#deps.triggers.take({ model: backend.name, kind, event, data, ...whose });
  }

  /** @throws AppError `job_unknown` */
  job(id: string): Job {
    return this.#deps.jobs.job(id);
  }

  /** Keeps a project's new labeling config. */
  updateProject(id: string, labelConfig: string): void {
    const project = this.#deps.state.project(id);
    if (project) this.#deps.state.setProject(id, { ...project, labelConfig });
  }

  /** @throws AppError when a config does not parse or no model fits */
  validate(labelConfig: string, model: string | null): void {
    const config = this.#parse(labelConfig);
    this.#pick(model, config, '').fit(config, '');
  }

  /** Forgets the instances of a project. */
  forget(project: string): void {
    this.#forget((_, of) => of === project);
  }

  /** Makes the instances of a model for a project anew when they are asked for next, those in the making at once. */
  renew(model: string, project: string): void {
    this.#forget((name, of) => name === model && of === project);
  }

  #forget(fits: (model: string, project: string) => boolean): void {
    const isOne = (key: string) => {
      const [model = '', project = ''] = key.split('\n', 2);
      return fits(model, project);
    };
    for (const map of [this.#instances, this.live]) {
      for (const key of [...map.keys()]) if (isOne(key)) map.delete(key);
    }
    for (const making of this.#making) if (isOne(making.key)) making.stale = true;
    // Routes are cheap, and do not say which model they lead to.
    for (const key of [...this.#routes.keys()]) this.#routes.delete(key);
  }

  #pick(model: string | null, config: LabelConfig, project: string): Backend {
    const { parts } = makePlan(
      this.#deps.directory,
      { model, models: undefined, extraParams: this.#extraParams(project) },
      config,
      project,
    );
    if (parts.length === 1) return parts[0]!.backend;
    const names = parts.map(({ backend }) => backend.name).join(', ');
    throw new AppError('model_ambiguous', `several models fit this labeling config: ${names}`);
  }

  /** The model that a request or its project names. */
  #wanted(model: string | null, project: string): string | null {
    const named = model ?? this.#extraParams(project).model;
    return typeof named === 'string' ? named : null;
  }

  #extraParams(project: string): Project['extraParams'] {
    return this.#deps.state.project(project)?.extraParams ?? {};
  }

  /** Whose request it is, and by which config it is answered. */
  #whose(project: string | null, labelConfig: string | null): { project: string; labelConfig: string } {
    const { state } = this.#deps;
    if (labelConfig !== null) return { project: project ?? '', labelConfig };
    const own = project === null ? undefined : state.project(project);
    if (own) return { project: project!, labelConfig: own.labelConfig };
    const last = state.lastProject();
    if (last) return { project: project ?? last.id, labelConfig: last.project.labelConfig };
    throw new AppError(
      'no_label_config',
      'the request carries no label_config, and no project was set up yet: send /setup first, or label_config with the request',
    );
  }

  #parse(xml: string): LabelConfig {
    let config = this.#configs.get(xml);
    if (!config) {
      if (xml.length > CONFIG_LENGTH) {
        throw new AppError(
          'label_config_invalid',
          `the labeling config has ${xml.length} characters, and this server reads at most ${CONFIG_LENGTH}`,
        );
      }
      config = requireLabelConfig(xml);
      this.#configs.set(xml, config);
    }
    return config;
  }

  #instance(model: string | null, project: string, xml: string): Promise<LabelStudioMLBase> {
    const { directory } = this.#deps;
    const wanted = this.#wanted(model, project);
    const route = `${wanted ?? ''}\n${project}\n${xml}`;
    const known = this.#routes.get(route);
    if (known?.generation === directory.generation) return known.instance;

    const config = this.#parse(xml);
    const backend = this.#pick(wanted, config, project);
    const key = `${backend.name}\n${project}\n${xml}`;
    let instance = this.#instances.get(key);
    if (!instance) {
      instance = this.#make(key, () =>
        backend.create(modelContext(this.#deps, backend.name, project, config)),
      );
      this.#instances.set(key, instance);
    }
    this.#routes.set(route, { generation: directory.generation, instance });
    instance.catch(() => {
      this.#instances.delete(key);
      this.#routes.delete(route);
    });
    return instance;
  }

  async #make(key: string, create: () => LabelStudioMLBase): Promise<LabelStudioMLBase> {
    const making = { key, stale: false };
    this.#making.add(making);
    try {
      let model: LabelStudioMLBase;
      do {
        making.stale = false;
        model = create();
        await model.setup();
      } while (making.stale);
      this.live.set(key, model);
      return model;
    } catch (error) {
      throw asModelFailure(error, `the model '${key.split('\n', 1)[0]}' failed in setup()`);
    } finally {
      this.#making.delete(making);
    }
  }
}
