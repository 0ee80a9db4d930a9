import { asModelFailure } from './ask-class.js';
import { LruMap } from './lru-map.js';
import type { LabelStudioMLBase } from './model.js';
import { type ContextDeps, modelContext, type Place } from './model-context.js';
import type { Part } from './plan.js';

/** Entries that are kept; they are made again when they are asked for after that. */
const KEPT = 256;
/** Characters of the configs among their keys, together: what is parsed takes many times as much. */
const CONFIGS_KEPT = 8_000_000;

/** A map whose keys hold labeling configs. */
export class ByConfig<V> extends LruMap<string, V> {
  constructor() {
    super(KEPT, ({ length }) => length, CONFIGS_KEPT);
  }
}

/** The instances of models: one for each project, labeling config, and part of it. */
export class Instances {
  readonly #deps: ContextDeps;
  readonly #instances = new ByConfig<Promise<LabelStudioMLBase>>();
  /** Those whose `setup` runs; a stale one saw what has changed since. */
  readonly #making = new Set<{ key: string; stale: boolean }>();

  /** Those that are in memory and set up. */
  readonly live = new ByConfig<LabelStudioMLBase>();

  constructor(deps: ContextDeps) {
    this.#deps = deps;
  }

  /**
   * The instance of a model, set up.
   * @throws what its `setup` throws; the next one who asks has it made again
   */
  get(
    { backend, controls }: Part,
    { projectId, labelConfig }: Omit<Place, 'name' | 'controls'>,
  ): Promise<LabelStudioMLBase> {
    const { name } = backend;
    const key = [name, projectId, JSON.stringify(controls), labelConfig.xml].join('\n');
    let instance = this.#instances.get(key);
    if (!instance) {
      const context = modelContext(this.#deps, { name, projectId, labelConfig, controls });
      instance = this.#make(key, () => backend.create(context));
      this.#instances.set(key, instance);
      instance.catch(() => this.#instances.delete(key));
    }
    return instance;
  }

  /** Forgets some; those in the making are made anew at once. */
  forget(fits: (model: string, project: string) => boolean): void {
    const isOne = (key: string) => {
      const [model = '', project = ''] = key.split('\n', 2);
      return fits(model, project);
    };
    for (const map of [this.#instances, this.live]) {
      for (const key of [...map.keys()]) if (isOne(key)) map.delete(key);
    }
    for (const making of this.#making) if (isOne(making.key)) making.stale = true;
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
