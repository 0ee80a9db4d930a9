import { type Backend, type Directory, type Fit, RANKS, type Rank } from './directory.js';
import { AppError, attempt } from './errors.js';
import { ignoredParams } from './extra-params.js';
import { LabelMismatchError } from './label-config/fit-labels.js';
import type { LabelConfig } from './label-config/parse.js';
import type { ModelContext } from './model.js';
import { modelNames, modelUnknown, refusal } from './refusal.js';
import { readWishes, type Wishes } from './wishes.js';

/** A model, and what it answers of a project. */
export interface Part {
  backend: Backend;
  /** The controls that it may fill; null: any, as it is alone. */
  controls: readonly string[] | null;
}

/** A control that no model fills, because several fit it equally well. */
export interface Tie {
  control: string;
  models: readonly string[];
}

/** A control that no model fills for another reason, in a sentence. */
export interface Unfilled {
  control: string;
  message: string;
}

/** Which models answer a project. */
export interface Plan {
  /** At least one, in the order of their names: that of the parts of a version string. */
  parts: readonly Part[];
  ties: readonly Tie[];
  unfilled: readonly Unfilled[];
  /** What the project's owner should know of the choice, in sentences. */
  notes: readonly string[];
}

/**
 * Finds the model of each control: the best class of models first (trained for the project, shipped, a recipe, code), each of
 * them on the controls that are still free. A control that two models of a class would fill is left to none of them. A model
 * that has nothing to answer with, neither a version nor a trainer, takes no part.
 *
 * @throws AppError `model_unknown`, `version_unusable` (its model.json is broken), `label_mismatch`, `no_model_fits` or
 *   `model_ambiguous`, with what there is
 * @example
 * makePlan(directory, { model: null, models: { ner: 'tagger', rating: null } }, config, '4').parts;
 * // [{ backend: sentiment, controls: ['sentiment'] }, { backend: tagger, controls: ['ner'] }]
 */
export function makePlan(
  directory: Directory,
  { model, models, extraParams = {} }: Wishes,
  config: LabelConfig,
  project: string,
): Plan {
  if (model !== null) return planOf(named(directory, model), config, project, extraParams);
  const choice = new Choice(directory, config, project, readWishes(models, config), extraParams);
  for (const rank of RANKS) choice.share(rank);
  return choice.plan();
}

/** That of a model that was named; why it does not fit is told when it is set up. */
function planOf(
  backend: Backend,
  config: LabelConfig,
  project: string,
  extraParams: ModelContext['extraParams'],
): Plan {
  const fit = attempt(() => backend.fit(config, project, {}, extraParams));
  const isFit = !(fit instanceof AppError);
  const filled = isFit ? fit.controls : null;
  const unfilled = filled === null ? [] : [...config.controls.keys()].filter(each => !filled.includes(each));
  return {
    parts: [{ backend, controls: null }],
    ties: [],
    unfilled: unfilled.map(control => ({
      control,
      message: `no model fills '${control}': the model '${backend.name}' was named, and does not fill it`,
    })),
    notes: [...((isFit && fit.notes) || []), ...ignoredParams(extraParams, [backend.options()])],
  };
}

/** The sentence for a control that two models fit. */
export function tieSentence({ control, models }: Tie): string {
  const params = JSON.stringify({ models: { [control]: models[0] } });
  return `no model fills '${control}', which ${models.join(' and ')} fit equally well: choose one with ${params} in the backend's extra params`;
}

/** @throws AppError `model_unknown`, or why the model that is there cannot be listed */
function named(directory: Directory, name: string, all = directory.list()): Backend {
  const found = all.find(each => each.name === name);
  if (found) return found;
  const there = all.map(each => each.name);
  throw directory.broken?.(name) ?? modelUnknown(name, there);
}

/** A model that would fill some controls. */
interface Claim {
  backend: Backend;
  fit: Fit;
  controls: readonly string[];
  /** Whether it could have filled any. */
  isWhole: boolean;
}

/** Characters of how to choose, at most: the sentence before it has to fit as well. */
const HOW_LENGTH = 150;

/** The choice while it is made. */
class Choice {
  readonly #config: LabelConfig;
  readonly #project: string;
  readonly #extraParams: ModelContext['extraParams'];
  /** The controls that the extra params give to a model. */
  readonly #wished = new Map<Backend, Set<string>>();
  /** The controls that the extra params give to no model. */
  readonly #left: readonly string[];
  /** All controls; '' stands for those of a config that has none, which a model that is code may answer. */
  readonly #all: readonly string[];
  /** Those that no model has yet. */
  readonly #free: Set<string>;
  readonly #waiting: Set<Backend>;
  /** What models would fill of those that are free now: asked once for all classes. */
  readonly #known = new Map<Backend, Claim | AppError>();
  readonly #taken: Claim[] = [];
  readonly #ties: Tie[] = [];
  /** Why models do not fit, whatever others fill. */
  readonly #reasons: AppError[] = [];
  /** Models that know only some of the labels, whatever others fill. */
  readonly #partly: Claim[] = [];

  /** @throws AppError when a model does not fill what the extra params give it */
  constructor(
    directory: Directory,
    config: LabelConfig,
    project: string,
    wishes: ReadonlyMap<string, string | null>,
    extraParams: ModelContext['extraParams'],
  ) {
    this.#config = config;
    this.#project = project;
    this.#extraParams = extraParams;
    this.#all = config.controls.size === 0 ? [''] : [...config.controls.keys()];
    this.#free = new Set(this.#all.filter(control => !wishes.has(control)));
    this.#left = [...wishes].flatMap(([control, name]) => (name === null ? control : []));
    const all = directory.list();
    for (const [control, name] of wishes) {
      if (name === null) continue;
      const backend = named(directory, name, all);
      this.#wished.set(backend, (this.#wished.get(backend) ?? new Set()).add(control));
    }
    for (const [backend, own] of this.#wished) this.#claim(backend, own, own);
    this.#waiting = new Set(all);
    // Whatever the task shows, a model of columns could read it: it was meant the least.
    const likely = [...all].sort((a, b) => Number(a.readsAny ?? false) - Number(b.readsAny ?? false));
    for (const backend of likely) {
      const claim = this.#fit(backend);
      if (claim instanceof AppError) this.#reasons.push(claim);
      else if (claim.fit.rank === 'partly') this.#partly.push(claim);
    }
  }

  /** Gives free controls to the models of a class. */
  share(rank: Rank): void {
    let claims = this.#claims(rank);
    for (;;) {
      const tied = [...this.#free].flatMap(control => {
        const models = claims.filter(({ controls }) => controls.includes(control));
        return models.length > 1 ? { control, models: models.map(({ backend }) => backend.name) } : [];
      });
      if (tied.length === 0) break;
      this.#ties.push(...tied);
      this.#take(tied.map(({ control }) => control));
      claims = this.#claims(rank);
    }
    for (const claim of claims) {
      this.#taken.push(claim);
      this.#waiting.delete(claim.backend);
      this.#take(claim.controls);
    }
  }

  #take(controls: readonly string[]): void {
    for (const control of controls) this.#free.delete(control);
    this.#known.clear();
  }

  /** @throws AppError when no model has a control */
  plan(): Plan {
    const [only] = this.#taken;
    if (only === undefined) throw this.#refusal();
    const isAlone = this.#taken.length === 1 && this.#ties.length === 0 && only.isWhole;
    const parts = this.#taken.map(({ backend, controls }) => ({
      backend,
      controls: isAlone ? null : controls,
    }));
    parts.sort((a, b) => (a.backend.name < b.backend.name ? -1 : 1));
    const notes = [
      ...this.#taken.flatMap(({ fit }) => fit.notes ?? []),
      ...this.#mismatches(),
      ...this.#partFits(),
      ...ignoredParams(
        this.#extraParams,
        this.#taken.map(({ backend }) => backend.options()),
      ),
    ];
    return { parts, ties: this.#ties, unfilled: this.#unfilled(), notes };
  }

  #unfilled(): Unfilled[] {
    const tell = (control: string) => `${this.#config.controls.get(control)?.tag} '${control}'`;
    return [
      ...[...this.#free].map(control => ({ control, message: `no model fills the ${tell(control)}` })),
      ...this.#left.map(control => ({
        control,
        message: `no model fills the ${tell(control)}: the extra params have null for it`,
      })),
    ];
  }

  /** The models that were likely meant, where none answers, or one that knows less of the project: a recipe, most of all. */
  #mismatches(): string[] {
    const known = this.#taken.filter(({ fit }) => fit.rank === 'trained' || fit.rank === 'shipped');
    const filled = new Set(known.flatMap(({ controls }) => controls));
    return this.#reasons
      .filter(
        reason =>
          reason instanceof LabelMismatchError && reason.nearness !== 'none' && !filled.has(reason.target),
      )
      .map(({ message }) => message);
  }

  /** The models that know some of the labels which a recipe learns in their place. */
  #partFits(): string[] {
    const recipes = this.#taken.filter(({ fit }) => fit.rank === 'recipe');
    return this.#partly.flatMap(({ backend, controls }) => {
      if (this.#taken.some(each => each.backend === backend)) return [];
      return recipes.flatMap(recipe => {
        const shared = controls.filter(control => recipe.controls.includes(control));
        if (shared.length === 0) return [];
        const of = shared.map(control => `'${control}'`).join(', ');
        return `the model '${backend.name}' knows some of the labels of ${of}, which the recipe '${recipe.backend.name}' learns: to have '${backend.name}' answer, set the extra params to {"partial": true}`;
      });
    });
  }

  /** What the waiting models of a class would fill of the free controls, and of those that the extra params give them. */
  #claims(rank: Rank): Claim[] {
    return [...this.#waiting].flatMap(backend => {
      const claim = this.#fit(backend);
      const isOne = !(claim instanceof AppError) && claim.fit.rank === rank && claim.controls.length > 0;
      return isOne ? claim : [];
    });
  }

  /** What a model would fill now, or why it fills none of what it may, or not what the extra params give it. */
  #fit(backend: Backend): Claim | AppError {
    const known = this.#known.get(backend);
    if (known) return known;
    const own = this.#wished.get(backend);
    const among = own ? new Set([...own, ...this.#free]) : this.#free;
    let claim = attempt(() => this.#claim(backend, among, own));
    if (own && claim instanceof AppError) claim = attempt(() => this.#claim(backend, own, own));
    this.#known.set(backend, claim);
    return claim;
  }

  /** @throws AppError as `Backend.fit`, and when it does not fill what the extra params give it */
  #claim(backend: Backend, among: ReadonlySet<string>, own?: ReadonlySet<string>): Claim {
    const isWhole = own === undefined && among.size === this.#all.length;
    const only = isWhole ? {} : { among, ...(own && { first: own }) };
    const fit = backend.fit(this.#config, this.#project, only, this.#extraParams);
    const controls = fit.controls ?? [...among];
    const missing = [...(own ?? [])].filter(control => !controls.includes(control));
    if (missing.length === 0) return { backend, fit, controls, isWhole };
    throw new AppError(
      'no_model_fits',
      `the extra params give the model '${backend.name}' the controls ${[...own!].join(', ')}; it cannot fill ${missing.join(', ')} beside the others`,
    );
  }

  /** Why there is no plan. */
  #refusal(): AppError {
    if (this.#ties.length > 0) {
      const names = modelNames([...new Set(this.#ties.flatMap(({ models }) => models))]);
      return new AppError(
        'model_ambiguous',
        `several models fit this labeling config: ${names}; ${this.#how()}`,
      );
    }
    if (this.#free.size === 0)
      return new AppError(
        'no_model_fits',
        'the extra params leave no control of the labeling config to a model',
      );
    return refusal(this.#reasons);
  }

  /** How to choose a model. */
  #how(): string {
    if (this.#all.length === 1)
      return 'choose one with /models/<name> at the end of the backend\'s URL, or {"model": "<name>"} in its extra params';
    const models = Object.fromEntries(this.#ties.map(tie => [tie.control, tie.models[0]]));
    const each = `choose one for each control with ${JSON.stringify({ models })} in the backend's extra params`;
    if (each.length <= HOW_LENGTH) return each;
    return 'choose one for each control with {"models": {"<control>": "<model>"}} in the backend\'s extra params, or one for all with {"model": "<model>"}';
  }
}
