import { asSetupFailure } from './ask-class.js';
import { LruMap } from './lru-map.js';
import type { LabelStudioMLBase } from './model.js';
import { type ContextDeps, modelContext, type Place } from './model-context.js';
import type { Part } from './plan.js';

/** Entries that are kept; they are made again when they are asked for after that. */
const KEPT = 256;
/** Characters of the configs among their keys, together: what is parsed takes up to forty bytes for each. */
const CONFIGS_KEPT = 4_000_000;

/** A map whose keys hold labeling configs. */
export class ByConfig<V> extends LruMap<string, V> {
  constructor() {
    super(KEPT, ({ length }) => length, CONFIGS_KEPT);
  }
}

/** An instance whose `setup` runs, or has run. */
class Making {
  readonly key: string;
  /** The instance, set up: what the last attempt came to. */
  readonly done: Promise<LabelStudioMLBase>;
  readonly #create: () => LabelStudioMLBase;
  #attempts = 0;
  isSettled = false;
  #resolve: (model: LabelStudioMLBase) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(key: string, create: () => LabelStudioMLBase) {
    this.key = key;
    this.#create = create;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Makes the instance; again, if one is in the making that saw what has changed since, which counts no more. */
  async begin(): Promise<void> {
    const attempt = ++this.#attempts;
    try {
      const model = this.#create();
      await model.setup();
      if (attempt !== this.#attempts) return;
      this.isSettled = true;
      this.#resolve(model);
    } catch (error) {
      if (attempt !== this.#attempts) return;
      this.isSettled = true;
      this.#reject(asSetupFailure(error, this.key.split('\n', 1)[0]!));
    }
  }
}

/** The instances of models: one for each project, labeling config, and part of it. */
export class Instances {
  readonly #deps: ContextDeps;
  readonly #instances = new ByConfig<Making>();
  /** Those whose `setup` runs. */
  readonly #making = new Set<Making>();

  /** Those that are in memory and set up. */
  readonly live = new ByConfig<LabelStudioMLBase>();

  constructor(deps: ContextDeps) {
    this.#deps = deps;
  }

  /**
   * The instance of a model, set up. All who ask while `setup` runs get the same.
   * @throws what its `setup` throws; the next one who asks has it made again
   */
  get(
    { backend, controls }: Part,
    { project, labelConfig }: Omit<Place, 'name' | 'controls'>,
  ): Promise<LabelStudioMLBase> {
    const { name } = backend;
    const key = [name, project, JSON.stringify(controls), labelConfig.xml].join('\n');
    let instance = this.#instances.get(key);
    if (!instance) {
      const context = modelContext(this.#deps, { name, project, labelConfig, controls });
      instance = new Making(key, () => backend.create(context));
      this.#instances.set(key, instance);
      void this.#make(instance);
    }
    return instance.done;
  }

  /**
   * Forgets some, so that they see what has changed. Those whose `setup` runs are made anew at once, for those who wait
   * for them as well.
   */
  forget(fits: (model: string, project: string) => boolean): void {
    const isOne = (key: string) => {
      const [model = '', project = ''] = key.split('\n', 2);
      return fits(model, project);
    };
    const making = [...this.#making].filter(({ key, isSettled }) => isOne(key) && !isSettled);
    const kept = new Set(making.map(({ key }) => key));
    for (const key of [...this.#instances.keys()])
      if (isOne(key) && !kept.has(key)) this.#instances.delete(key);
    for (const key of [...this.live.keys()]) if (isOne(key)) this.live.delete(key);
    for (const each of making) void each.begin();
  }

  async #make(making: Making): Promise<void> {
    this.#making.add(making);
    void making.begin();
    try {
      const model = await making.done;
      if (this.#instances.get(making.key) === making) this.live.set(making.key, model);
    } catch {
      // Those who asked for it are told.
      if (this.#instances.get(making.key) === making) this.#instances.delete(making.key);
    } finally {
      this.#making.delete(making);
    }
  }
}
