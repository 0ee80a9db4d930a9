import type { Deadline } from './deadline.js';
import type { Directory } from './directory.js';
import { AppError, clip, MESSAGE_LENGTH } from './errors.js';
import { ByConfig, Instances } from './instances.js';
import type { LabelConfig } from './label-config/parse.js';
import { requireLabelConfig } from './label-config/require.js';
import type { LabelStudioMLBase } from './model.js';
import type { ContextDeps } from './model-context.js';
import { makePlan, type Plan, tieSentence } from './plan.js';
import { type Answerer, versionOf } from './together.js';
import type { Wishes } from './wishes.js';

export interface AnswerersDeps extends ContextDeps {
  directory: Directory;
  /** Told of predictions that lack a model's part, for whoever counts. */
  leftOut(model: string, code: string, tasks: number): void;
}

/** What a request is answered by. */
export interface Whose {
  project: string;
  labelConfig: string;
}

/** Who answers a project. */
interface Route {
  generation: number;
  project: string;
  plan: Plan;
  /** The instances of the plan's parts. */
  models: readonly Promise<LabelStudioMLBase>[];
  /** Those that could be set up, once that is known. */
  ready?: readonly Answerer[];
}

/** Finds the models that answer a project, and keeps what it found. */
export class Answerers {
  readonly #deps: AnswerersDeps;
  readonly #configs = new ByConfig<LabelConfig>();
  readonly #instances: Instances;
  /** Which instances answer whom, as long as the directory's generation is the same. */
  readonly #routes = new ByConfig<Route>();
  /** What was last told of how the models of a route were chosen. */
  readonly #told = new ByConfig<string>();

  constructor(deps: AnswerersDeps) {
    this.#deps = deps;
    this.#instances = new Instances(deps);
  }

  /** The instances of models that are in memory and set up. */
  get live(): Iterable<LabelStudioMLBase> {
    return this.#instances.live.values();
  }

  /** The versions of models that answer a project together; of all projects by default. */
  together(project: string | null): Set<string> {
    const { generation } = this.#deps.directory;
    const found = [...this.#routes.values()].flatMap(route =>
      route.generation === generation &&
      route.models.length > 1 &&
      route.project === (project ?? route.project)
        ? versionOf(route.ready ?? [])
        : [],
    );
    return new Set(found.filter(version => version !== ''));
  }

  /** Has instances made anew when they are asked for next, those in the making at once. */
  forget(fits: (model: string, project: string) => boolean): void {
    this.#instances.forget(fits);
    // Routes are cheap, and do not say which model they lead to.
    for (const key of [...this.#routes.keys()]) this.#routes.delete(key);
  }

  /** @throws AppError `label_config_invalid` */
  parse(xml: string): LabelConfig {
    let config = this.#configs.get(xml);
    if (!config) {
      config = requireLabelConfig(xml);
      this.#configs.set(xml, config);
    }
    return config;
  }

  /**
   * Which models answer a request.
   * @throws AppError of `parse` and `makePlan`, and `no_model_fits` when extra params want two things at once
   */
  plan(model: string | null, { project, labelConfig }: Whose): Plan {
    return makePlan(this.#deps.directory, this.#wishes(model, project), this.parse(labelConfig), project);
  }

  #route(model: string | null, whose: Whose): Route {
    const { directory } = this.#deps;
    const { project, labelConfig } = whose;
    const wishes = this.#wishes(model, project);
    const key = [wishes.model ?? '', project, JSON.stringify(wishes.models ?? null), labelConfig].join('\n');
    const known = this.#routes.get(key);
    if (known?.generation === directory.generation) return known;

    const plan = this.plan(model, whose);
    const config = this.parse(labelConfig);
    const place = { project, labelConfig: config };
    const models = plan.parts.map(part => this.#instances.get(part, place));
    const route = { generation: directory.generation, project, plan, models };
    this.#routes.set(key, route);
    const forget = () => {
      if (this.#routes.get(key) === route) this.#routes.delete(key);
    };
    for (const each of models) each.catch(forget);
    // A route is made again whenever a version changes anywhere, mostly to the same.
    const said = JSON.stringify([
      plan.parts.map(({ backend, controls }) => [backend.name, controls]),
      plan.ties,
      plan.notes,
    ]);
    if (this.#told.get(key) !== said) this.#tell(plan, project);
    this.#told.set(key, said);
    return route;
  }

  /**
   * The models that answer a request, set up; of several, those that could be.
   * @param deadline when the request is given up; one of several models gets half of that time, so that the others can answer
   * @throws AppError of `plan`, and that of the first `setup` when none could be
   */
  async of(model: string | null, whose: Whose, deadline: Deadline): Promise<readonly Answerer[]> {
    const route = this.#route(model, whose);
    const { plan, models } = route;
    const part = models.length === 1 ? 1 : 0.5;
    const waits = models.map((each, index) =>
      deadline.wait(each, `setup() of the model '${plan.parts[index]!.backend.name}'`, part),
    );
    if (waits.length === 1) return [{ model: await waits[0]!, controls: plan.parts[0]!.controls }];
    const settled = await Promise.allSettled(waits);
    const errors: { name: string; error: AppError }[] = [];
    const ready: Answerer[] = [];
    for (const [index, each] of settled.entries()) {
      const { backend, controls } = plan.parts[index]!;
      if (each.status === 'fulfilled') ready.push({ model: each.value, controls });
      else errors.push({ name: backend.name, error: each.reason });
    }
    if (ready.length === 0) throw errors[0]!.error;
    for (const { name, error } of errors) this.tellLeftOut(name, whose.project, error, 0);
    route.ready = ready;
    return ready;
  }

  /** Says once how a project's models were chosen, where there is more to say than which one it is. */
  #tell({ parts, ties, notes }: Plan, project: string): void {
    const { log } = this.#deps;
    if (parts.length > 1) {
      const models = Object.fromEntries(parts.map(({ backend, controls }) => [backend.name, controls]));
      log.info({ project, models }, 'several models answer the project');
    }
    for (const tie of ties) log.warn({ project, ...tie }, tieSentence(tie));
    for (const note of notes) log.warn({ project }, note);
  }

  /** Logs and counts predictions that lack a model's part. */
  tellLeftOut(model: string, project: string, error: AppError, tasks: number): void {
    this.#deps.leftOut(model, error.code, tasks);
    const entry = {
      model,
      project,
      code: error.code,
      tasks,
      ...(error.cause !== undefined && { err: error.cause }),
    };
    this.#deps.log.warn(
      entry,
      `the others answer without the model '${model}': ${clip(error.message, MESSAGE_LENGTH)}`,
    );
  }

  /**
   * Which models a request, or its project, wants.
   * @throws AppError `no_model_fits` when extra params want two things at once
   */
  #wishes(model: string | null, project: string): Wishes {
    const extraParams = this.#deps.state.project(project)?.extraParams ?? {};
    if (model !== null) return { model, models: undefined, extraParams };
    const { model: one, models } = extraParams;
    if (typeof one !== 'string') return { model: null, models, extraParams };
    if (models === undefined || models === null) return { model: one, models, extraParams };
    throw new AppError(
      'no_model_fits',
      'the extra params have both "model", for the whole labeling config, and "models", for its controls: leave one of them out',
    );
  }
}
