import type { Logger } from 'pino';
import { Answerers, type Whose } from './answerers.js';
import { Deadline } from './deadline.js';
import type { Directory } from './directory.js';
import { AppError } from './errors.js';
import { contradiction } from './extra-params.js';
import { failureOf } from './inference/protocol.js';
import { checkLength } from './label-config/require.js';
import type { Access } from './label-studio/access.js';
import type { Context, LabelStudioMLBase } from './model.js';
import { modelContext } from './model-context.js';
import type { ItemTexts } from './onnx-model.js';
import { makePlan, type Tie, tieSentence } from './plan.js';
import type { Project, State } from './state.js';
import type { TaskData } from './task-data/fetch.js';
import type { TaskBatch } from './tasks.js';
import { type Answerer, answerTogether, askPart, partsFor, silence, versionOf } from './together.js';
import type { Job } from './training/job.js';
import type { Jobs } from './training/jobs.js';
import type { Triggers } from './training/triggers.js';

export interface ServiceDeps {
  directory: Directory;
  state: State;
  jobs: Jobs;
  triggers: Triggers;
  taskData: TaskData;
  access: Pick<Access, 'look' | 'problem' | 'forget' | 'isGone'>;
  /** Milliseconds that a request may take: `REQUEST_DEADLINE`. */
  deadline: number;
  /** Told of predictions that lack a model's part, for whoever counts. */
  leftOut(model: string, code: string, tasks: number): void;
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

/** How the models of a project were chosen, as `/api/projects/<id>` tells it. */
export interface ProjectAnswer {
  project: string;
  /** `version` is null for one that could not be set up, and `controls` where nobody knows, as the model is code. */
  models: { model: string; version: string | null; controls: readonly string[] | null }[];
  /** Controls that no model fills; `models`: those that fit it equally well, if any. */
  left_out: (Tie & { message: string })[];
  notes: readonly string[];
}

/** Everything that Label Studio can ask of a backend, free of HTTP. */
export class Service {
  readonly #deps: ServiceDeps;
  readonly #answerers: Answerers;

  constructor(deps: ServiceDeps) {
    this.#deps = deps;
    this.#answerers = new Answerers(deps);
  }

  /** The instances of models that are in memory and set up. */
  get live(): Iterable<LabelStudioMLBase> {
    return this.#answerers.live;
  }

  /**
   * Sets a project up: its models are chosen, made, and bound to the config, and it is tried whether Label Studio lets this
   * server read it, which is the warning, if any.
   * @throws AppError when the config does not parse or no model fits; the user reads its message in Label Studio
   */
  async setup(
    id: string,
    project: Omit<Project, 'model'>,
    model: string | null,
  ): Promise<{ model_version: string; warning?: string }> {
    const wrong = contradiction(model, project.extraParams);
    if (wrong !== undefined) throw new AppError('no_model_fits', wrong);
    const before = this.#deps.state.project(id);
    // What was found out of where it is holds as long as it comes from there.
    const found = before?.setting && before.hostname === project.hostname ? { setting: before.setting } : {};
    this.#deps.state.setProject(id, { ...project, ...found, ...(model !== null && { model }) });
    // What was chosen, set up and bound by other extra params may not fit by these.
    if (JSON.stringify(before?.extraParams ?? {}) !== JSON.stringify(project.extraParams)) this.forget(id);
    const whose = { project: id, labelConfig: project.labelConfig };
    const [parts, problem] = await Promise.all([
      this.#answerers.of(model, whose, this.#deadline()),
      this.#deps.access.look(id),
    ]);
    this.#deps.state.setLastProject(id);
    return { model_version: versionOf(parts), ...(problem !== null && { warning: problem }) };
  }

  /**
   * Predicts.
   * @returns the texts of the items of `results`, in the order of the tasks
   * @throws AppError for the request as a whole; a task's own failure is its item
   */
  async predict({ batch, model, context, gone, ...request }: PredictRequest): Promise<ItemTexts> {
    const whose = this.#whose(request.project, request.labelConfig);
    const deadline = this.#deadline();
    const parts = await this.#answerers.of(model, whose, deadline);
    const asked = context === null || parts.length === 1 ? parts : partsFor(parts, context);
    if (batch.count === 0 || asked.length === 0) return silence(parts, batch.count, context);
    const ask = (part: Answerer, tasks: TaskBatch) => askPart(part, tasks, { context, gone, deadline });
    const answer =
      asked.length === 1
        ? await ask(asked[0]!, batch)
        : await answerTogether(asked, batch, context, ask, (failed, error, tasks) =>
            this.#answerers.tellLeftOut(failed.name, whose.project, error, tasks),
          );
    if (batch.count === 1 || context !== null) {
      const failure = failureOf(answer.texts[0]!);
      if (failure) throw new AppError(failure.code, failure.message);
    }
    return answer;
  }

  /**
   * What a URL can answer as `model_version`: of several models together, where they answer a project so, then of each,
   * newest first.
   * @throws AppError `model_unknown`; `version_unusable` when its model.json is broken
   */
  versions(model: string | null, project: string | null): string[] {
    const { directory } = this.#deps;
    const backends = directory.list().filter(({ name }) => model === null || name === model);
    if (model !== null && backends.length === 0)
      throw directory.broken?.(model) ?? new AppError('model_unknown', `there is no model '${model}'`);
    const together = model === null ? this.#answerers.together(project) : [];
    return [...together, ...backends.flatMap(backend => backend.versions(project))];
  }

  /**
   * How the models of a project are chosen, as the last `/setup` had it.
   * @throws AppError `project_unknown` for one that was never set up; those of the choice
   */
  async describe(project: string): Promise<ProjectAnswer> {
    const known = this.#deps.state.project(project);
    if (!known)
      throw new AppError(
        'project_unknown',
        `the project '${project}' was never set up here: connect it in Label Studio (Settings > Model), or send /setup`,
      );
    const whose = { project, labelConfig: known.labelConfig };
    const config = this.#answerers.parse(known.labelConfig);
    const model = known.model ?? null;
    const { parts, ties, unfilled, notes } = this.#answerers.plan(model, whose);
    const ready = await this.#answerers.of(model, whose, this.#deadline());
    const models = parts.map(({ backend, controls }) => ({
      model: backend.name,
      version: ready.find(({ model }) => model.name === backend.name)?.model.modelVersion ?? null,
      controls: controls ?? backend.fit(config, project, {}, known.extraParams).controls,
    }));
    const left_out = [
      ...ties.map(tie => ({ ...tie, message: tieSentence(tie) })),
      ...unfilled.map(({ control, message }) => ({ control, models: [], message })),
    ];
    const problem = this.#deps.access.problem(project);
    const warnings = problem === null ? [] : [`it cannot be read from Label Studio: ${problem}`];
    return { project, models, left_out, notes: [...notes, ...warnings] };
  }

  /**
   * Gives the models of a project an event to learn from, in the background.
   * @returns the ids of the jobs; none when none is asked for yet, or no model that answers the project learns
   * @throws AppError `data_dir_unwritable` when the event cannot be kept
   */
  async learn(
    event: string,
    data: Record<string, unknown>,
    project: string | null,
    labelConfig: string | null,
    model: string | null,
  ): Promise<string[]> {
    // The config of another project would have its models learn.
    if (project !== null && labelConfig === null && !this.#deps.state.project(project))
      throw new AppError(
        'no_label_config',
        `project ${project} was never set up here, and the event has no labeling config`,
      );
    const whose = this.#whose(project, labelConfig);
    const config = this.#answerers.parse(whose.labelConfig);
    const { parts } = this.#answerers.plan(model, whose);
    const taken = parts.flatMap(({ backend: { name, learns }, controls }) => {
      const place = { name, project: whose.project, labelConfig: config, controls };
      const kind = learns(modelContext(this.#deps, place));
      if (kind === null) return [];
      const request = { model: name, kind, event, data, ...whose, ...(controls && { controls }) };
      return this.#deps.triggers.take(request);
    });
    await Promise.all(taken.map(({ kept }) => kept));
    return taken.flatMap(({ job }) => job ?? []);
  }

  /** @throws AppError `job_unknown` */
  job(id: string): Job {
    return this.#deps.jobs.job(id);
  }

  /**
   * Keeps a project's new labeling config.
   * @throws AppError `label_config_invalid` for one that is larger than this server reads
   */
  updateProject(id: string, labelConfig: string): void {
    const project = this.#deps.state.project(id);
    checkLength(labelConfig);
    if (project) this.#deps.state.setProject(id, { ...project, labelConfig });
  }

  /** @throws AppError when a config does not parse */
  checkConfig(labelConfig: string): void {
    this.#answerers.parse(labelConfig);
  }

  /** @throws AppError when a config does not parse or no model fits */
  validate(labelConfig: string, model: string | null): void {
    const config = this.#answerers.parse(labelConfig);
    const { parts } = makePlan(this.#deps.directory, { model, models: undefined }, config, '');
    if (model !== null) parts[0]!.backend.fit(config, '');
  }

  /** Forgets the instances of a project. */
  forget(project: string): void {
    this.#answerers.forget((_, of) => of === project);
    this.#deps.access.forget(project);
  }

  /** Makes the instances of a model for a project anew when they are asked for next, those in the making at once. */
  renew(model: string, project: string): void {
    this.#answerers.forget((name, of) => name === model && of === project);
  }

  #deadline(): Deadline {
    return new Deadline(this.#deps.deadline);
  }

  /** Whose request it is, and by which config it is answered. */
  #whose(project: string | null, labelConfig: string | null): Whose {
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
}
