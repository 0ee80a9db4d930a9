import { CODE_MODELS } from './code-models/index.js';
import { AppError } from './errors.js';
import { INPUTS } from './inputs/index.js';
import { bindModel, NoControlError } from './label-config/bind.js';
import { LabelMismatchError } from './label-config/fit-labels.js';
import type { LabelConfig } from './label-config/parse.js';
import { initialVersion, LabelStudioMLBase, type ModelClass, type ModelContext } from './model.js';
import { bindableOf, type OnnxDeps, OnnxModel, untrained } from './onnx-model.js';
import { learntOptions } from './registry/manifest.js';
import type { InputSpec } from './registry/version.js';
import type { JobKind } from './training/job.js';

/**
 * How much is known of a project's data by a model that fits: the best class answers. One that fits partly has labels that
 * the config lacks, and the other way round; one that is absent has neither a version nor a trainer, such as a model that
 * was not fetched.
 */
const CLASSES = { trained: 5, shipped: 4, recipe: 3, partly: 2, code: 1, absent: 0 } as const;

type ExtraParams = ModelContext['extraParams'];

/** A model as the server sees it, whatever is behind it. */
export interface Backend {
  name: string;
  /**
   * Whether it can serve a labeling config, and how well.
   * @param extraParams what the user typed as extra params in Label Studio
   * @throws AppError `no_model_fits` or `label_mismatch` when it cannot
   */
  fit(config: LabelConfig, project: string, extraParams: ExtraParams): keyof typeof CLASSES;
  create(context: ModelContext): LabelStudioMLBase;
  /** How it learns; null: it does not. */
  learns(context: ModelContext): JobKind | null;
  /** The strings that it can answer as `model_version`, newest first; for one project or for all. */
  versions(project: string | null): string[];
}

/** The models that a server has. */
export interface Directory {
  /** Changes whenever another model may answer than before. */
  readonly generation: number;
  list(): readonly Backend[];
  /** Why a model that is there cannot be listed; undefined for one that is listed, and for one that is not there. */
  broken?(model: string): AppError | undefined;
}

/** The models of a repository, as it is at each call. */
export function repositoryDirectory(deps: OnnxDeps): Directory {
  const { registry } = deps;
  const backend = (name: string): Backend => {
    const { code } = registry.manifest(name)!;
    return code === undefined ? versioned(name) : coded(name, CODE_MODELS[code]!);
  };
  const coded = (name: string, Model: ModelClass): Backend => ({
    name,
    fit(config) {
      bindModel({ name, manifest: registry.manifest(name)!, outputs: null }, config);
      return 'code';
    },
    create: context => new Model(context),
    learns: () => null,
    versions: () => [initialVersion(name)],
  });
  const versioned = (name: string): Backend => ({
    name,
    fit(config, project, extraParams) {
      const version = registry.current(name, project);
      if (version) {
        const { isPartial } = bindModel({ ...bindableOf(version), extraParams }, config);
        if (version.project !== null) return 'trained';
        return isPartial && extraParams.partial !== true ? 'partly' : 'shipped';
      }
      const manifest = registry.manifest(name)!;
      bindModel({ name, manifest, outputs: null, extraParams }, config, recipeTags(manifest.input));
      return manifest.train ? 'recipe' : 'absent';
    },
    create: context => new OnnxModel(context, deps),
    learns: () => (registry.manifest(name)?.train ? 'train' : null),
    versions(project) {
      const without = registry.unusable(name, project) ? [] : [untrained(name)];
      if (project !== null) {
        const version = registry.current(name, project);
        return version ? [version.label] : without;
      }
      const labels = registry.served(name).map(({ label }) => label);
      return registry.current(name, null) ? labels : [...labels, ...without];
    },
  });
  return {
    get generation() {
      return registry.generation;
    },
    list: () => registry.models.map(backend),
    broken: model => registry.broken(model),
  };
}

/** The object tags by which a recipe is picked: where its input is still to be learnt, nearly any would do. */
function recipeTags(input: InputSpec): readonly string[] {
  const { objectTags, recipe } = INPUTS[input.kind]!;
  return recipe && learntOptions(input).length > 0 ? recipe.objectTags : objectTags;
}

/** What is known of a model that is a class. */
export interface ClassVersions {
  /** Its instances, which know what version they are. */
  live(model: string): readonly Pick<LabelStudioMLBase, 'projectId' | 'modelVersion'>[];
  /** The versions that it has set, of projects without an instance too. */
  stored(model: string): readonly { project: string; version: string }[];
}

/** Models that are classes of the user, each named by its class (`MyModel` answers below `/models/my-model/`). */
export function classDirectory(classes: readonly ModelClass[], { live, stored }: ClassVersions): Directory {
  const backends = classes.map((Model): Backend => {
    const name = kebab(Model.name);
    return {
      name,
      fit: () => 'code',
      create: context => new Model(context),
      learns: context => (new Model(context).fit === LabelStudioMLBase.prototype.fit ? null : 'fit'),
      versions(project) {
        const known = [
          ...live(name).map(model => ({ project: model.projectId, version: model.modelVersion })),
          ...stored(name),
        ].filter(each => project === null || each.project === project);
        return known.length === 0 ? [initialVersion(name)] : [...new Set(known.map(each => each.version))];
      },
    };
  });
  const twice = backends.find(({ name }, index) => backends.findIndex(each => each.name === name) < index);
  if (twice) {
    throw new AppError(
      'setting_invalid',
      `two model classes have the name '${twice.name}' in URLs: rename one of them`,
    );
  }
  return { generation: 0, list: () => backends };
}

/** `MyModel` -> `my-model`; `NERModel` -> `ner-model`. */
function kebab(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2');
  return (
    words
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'model'
  );
}

/** How to choose a model, for the end of an error's message. */
const CHOOSE =
  'choose one with /models/<name> at the end of the backend\'s URL, or {"model": "<name>"} in its extra params';

/**
 * Picks the model that answers a project.
 *
 * @param wanted the name in the URL or in `extra_params.model`; null: the server picks
 * @param extraParams those of the project
 * @throws AppError `model_unknown`, `version_unusable` (its model.json is broken), `label_mismatch`, `no_model_fits` or
 *   `model_ambiguous`, with what there is
 */
export function pick(
  directory: Directory,
  wanted: string | null,
  config: LabelConfig,
  project: string,
  extraParams: ExtraParams = {},
): Backend {
  const all = directory.list();
  if (wanted !== null) {
    const named = all.find(({ name }) => name === wanted);
    if (named) return named;
    throw (
      directory.broken?.(wanted) ??
      new AppError(
        'model_unknown',
        `there is no model '${wanted}'; there is ${all.map(({ name }) => name).join(', ') || 'none'}`,
      )
    );
  }
  const fitting: { backend: Backend; rank: number }[] = [];
  const reasons: AppError[] = [];
  for (const backend of all) {
    try {
      fitting.push({ backend, rank: CLASSES[backend.fit(config, project, extraParams)] });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      reasons.push(error);
    }
  }
  const best = Math.max(...fitting.map(({ rank }) => rank));
  const candidates = fitting.filter(({ rank }) => rank === best).map(({ backend }) => backend);
  if (candidates.length === 1) return candidates[0]!;
  if (candidates.length > 1) {
    const names = candidates.map(({ name }) => name).join(', ');
    throw new AppError('model_ambiguous', `several models fit this labeling config: ${names}; ${CHOOSE}`);
  }
  throw refusal(reasons);
}

/** Why no model fits: what those say that come nearest, for whoever meant one of them. */
function refusal(reasons: readonly AppError[]): AppError {
  const misses = reasons.filter(reason => reason instanceof LabelMismatchError && reason.isNearMiss);
  // A label that is nearly that of a model was likely meant.
  const mismatches = misses.length > 0 ? misses : reasons.filter(({ code }) => code === 'label_mismatch');
  const without = reasons.filter(reason => reason instanceof NoControlError);
  const others = reasons.filter(reason => !(reason instanceof NoControlError));
  const nearest = mismatches.length > 0 ? mismatches : others.length > 0 ? others : reasons;
  if (nearest.length === 0)
    return new AppError('no_model_fits', 'this server has no model: put one into its MODEL_DIR');
  if (nearest.length === 1) return nearest[0]!;
  const told = nearest === reasons ? without.map(each => each.model) : nearest.map(({ message }) => message);
  const has = nearest === reasons ? `, which has ${without[0]!.has}` : '';
  return new AppError('no_model_fits', `no model fits this labeling config${has}: ${told.join('; ')}`);
}
