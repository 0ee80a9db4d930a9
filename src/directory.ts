import { CODE_MODELS } from './code-models/index.js';
import { AppError, attempt } from './errors.js';
import { INPUTS } from './inputs/index.js';
import { type BoundModel, bindModel, type Controls } from './label-config/bind.js';
import type { LabelConfig } from './label-config/parse.js';
import { initialVersion, LabelStudioMLBase, type ModelClass, type ModelContext } from './model.js';
import { bindableOf, isOutdated, type OnnxDeps, OnnxModel } from './onnx-model.js';
import { rowsOf } from './regions/index.js';
import { learntOptions } from './registry/manifest.js';
import type { InputSpec } from './registry/version.js';
import type { JobKind } from './training/job.js';
import { untrained, withoutVersion } from './untrained.js';

/**
 * How much is known of a project's data by a model that fits, from the best to the worst. One that fits partly has labels that
 * the config lacks, and the other way round.
 */
export const RANKS = ['trained', 'shipped', 'recipe', 'partly', 'code'] as const;

export type Rank = (typeof RANKS)[number];

type ExtraParams = ModelContext['extraParams'];

/** How a model can serve a labeling config. */
export interface Fit {
  rank: Rank;
  /** The controls that it fills; null: any, as it is code that nobody has asked yet. */
  controls: readonly string[] | null;
  /** What the project's owner should know of it, in sentences. */
  notes?: readonly string[];
}

/** A model as the server sees it, whatever is behind it. */
export interface Backend {
  name: string;
  /** Whether it reads no certain kind of object, as a model of columns does; absent: it does, or nobody knows. */
  readsAny?: boolean;
  /**
   * Whether it can serve a labeling config, and how well.
   * @param only the controls that it may fill; absent: all
   * @param extraParams what the user typed as extra params in Label Studio
   * @throws AppError `no_model_fits` or `label_mismatch` when it cannot, `version_unusable` when it has nothing to answer with
   */
  fit(config: LabelConfig, project: string, only?: Controls, extraParams?: ExtraParams): Fit;
  create(context: ModelContext): LabelStudioMLBase;
  /** The extra params that it reads; null: nobody knows, as it is code of the user. */
  options(): readonly string[] | null;
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
    fit(config, _project, only) {
      const bound = bindModel({ name, manifest: registry.manifest(name)!, outputs: null, ...only }, config);
      return { rank: 'code', controls: controlsOf(bound) };
    },
    create: context => new Model(context),
    options: () => [],
    learns: () => null,
    versions: () => [initialVersion(name)],
  });
  const versioned = (name: string): Backend => ({
    name,
    readsAny: INPUTS[registry.manifest(name)!.input.kind]!.objectTags.length === 0,
    fit(config, project, only, extraParams = {}) {
      const manifest = registry.manifest(name)!;
      const version = registry.current(name, project);
      const notes: string[] = [];
      if (version) {
        const bound = attempt(() => bindModel({ ...bindableOf(version), extraParams, ...only }, config));
        if (!(bound instanceof AppError)) {
          const rank = version.project !== null ? 'trained' : bound.isPartial ? 'partly' : 'shipped';
          return { rank, controls: controlsOf(bound), notes: bound.leftOut };
        }
        if (!isOutdated(bound, version, manifest)) throw bound;
        notes.push(`${version.label} no longer answers, until the next training: ${bound.message}`);
      }
      const recipe = { name, manifest, outputs: null, extraParams, ...only };
      const bound = bindModel(recipe, config, recipeTags(manifest.input));
      if (!manifest.train) throw registry.unusable(name, project) ?? withoutVersion(name);
      return { rank: 'recipe', controls: controlsOf(bound), notes };
    },
    create: context => new OnnxModel(context, deps),
    options: () => {
      const rows = registry.manifest(name)!.outputs.flatMap(({ control }) => rowsOf(control));
      return [...new Set(rows.flatMap(({ overridable = [] }) => overridable))];
    },
    learns: () => (registry.manifest(name)?.train ? 'train' : null),
    versions(project) {
      const learns = registry.manifest(name)!.train !== undefined;
      const without = learns && !registry.unusable(name, project) ? [untrained(name)] : [];
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

function controlsOf({ binding }: BoundModel): string[] {
  return binding.controls.map(({ control }) => control);
}

/** The object tags by which a recipe is picked: where its input is still to be learnt, nearly any would do. */
function recipeTags(input: InputSpec): readonly string[] {
  const { objectTags, recipe } = INPUTS[input.kind]!;
  return recipe && learntOptions(input).length > 0 ? recipe.objectTags : objectTags;
}

/** What is known of a model that is a class. */
export interface ClassVersions {
  /** Its instances, which know what version they are. */
  live(model: string): readonly Pick<LabelStudioMLBase, 'projectKey' | 'modelVersion'>[];
  /** The versions that it has set, of projects without an instance too. */
  stored(model: string): readonly { project: string; version: string }[];
}

/** Models that are classes of the user, each named by its class (`MyModel` answers below `/models/my-model/`). */
export function classDirectory(classes: readonly ModelClass[], { live, stored }: ClassVersions): Directory {
  const backends = classes.map((Model): Backend => {
    const name = kebab(Model.name);
    return {
      name,
      fit: () => ({ rank: 'code', controls: null }),
      create: context => new Model(context),
      options: () => null,
      learns: context => (new Model(context).fit === LabelStudioMLBase.prototype.fit ? null : 'fit'),
      versions(project) {
        const known = [
          ...live(name).map(model => ({ project: model.projectKey, version: model.modelVersion })),
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
