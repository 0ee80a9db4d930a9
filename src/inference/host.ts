import { AppError } from '../errors.js';
import type { TaskValue } from '../inputs/contract.js';
import { LoadedVersion } from './loaded-version.js';
import {
  type Binding,
  type ChildResults,
  type ControlBinding,
  failureText,
  type ValueGroup,
  type VersionSource,
} from './protocol.js';
import type { ProviderChoice } from './providers/contract.js';
import { chooseProvider } from './runtime.js';
import { ValueAnswer } from './value-answer.js';

/** A version with the projects' bindings that were used with it. */
interface Held {
  version: LoadedVersion;
  bindings: Map<string, Binding>;
}

/**
 * The body of an inference child, free of any transport: it answers the requests of `protocol.ts` one at a time.
 */
export class InferenceHost {
  readonly #versions = new Map<string, Held>();
  #provider: ProviderChoice | undefined;

  /** @throws AppError `provider_unavailable` when no provider of the list works here */
  async start(providers: readonly ProviderChoice[]): Promise<ChildResults['start']> {
    const { choice, reasons } = await chooseProvider(providers);
    this.#provider = choice;
    return { provider: choice.name, reasons };
  }

  /** @throws AppError `version_invalid` */
  async load(source: VersionSource): Promise<ChildResults['load']> {
    if (!this.#provider)
      throw new AppError('internal', 'a version was loaded before the provider was chosen');
    const begin = performance.now();
    let held = this.#versions.get(source.key);
    if (held === undefined) {
      held = { version: await LoadedVersion.load(source, this.#provider), bindings: new Map() };
      this.#versions.set(source.key, held);
    }
    return { milliseconds: performance.now() - begin, ...held.version.facts };
  }

  async unload(key: string): Promise<null> {
    const held = this.#versions.get(key);
    this.#versions.delete(key);
    await held?.version.release();
    return null;
  }

  /**
   * Runs the groups as one batch.
   * @param bindings those of the groups that this host was not told yet
   * @param renew whether it forgets the others
   * @returns for each group the texts of its items, in the order of its values
   * @throws AppError `model_failed` when the graph fails
   */
  async run(
    key: string,
    bindings: readonly Binding[],
    groups: readonly ValueGroup[],
    renew = false,
  ): Promise<string[][]> {
    const held = this.#versions.get(key);
    if (!held) throw new AppError('not_ready', `version ${key} is not loaded in this process; send it again`);
    if (renew) held.bindings.clear();
    for (const binding of bindings) held.bindings.set(binding.id, binding);
    const { source } = held.version;

    const texts = groups.map(({ values }) => new Array<string>(values.length));
    const values: TaskValue[] = [];
    const places: { group: number; index: number; controls: readonly ControlBinding[] }[] = [];
    groups.forEach(({ binding, values: own, failures }, group) => {
      const bound = held.bindings.get(binding);
      if (!bound)
        throw new AppError('internal', `binding ${binding} of version ${key} is not known in this process`);
      own.forEach((value, index) => {
        const failure = failures?.[index];
        if (failure) {
          texts[group]![index] = failureText(failure, source.label);
        } else {
          values.push(value);
          places.push({ group, index, controls: bound.controls });
        }
      });
    });
    try {
      const open = new Map<number, ValueAnswer>();
      const failures = await held.version.run(values, (value, answer, continues) => {
        const { group, index, controls } = places[value]!;
        const whole = open.get(value) ?? new ValueAnswer(source, controls);
        if (continues) {
          whole.add(answer);
          open.set(value, whole);
        } else {
          texts[group]![index] = whole.finish(answer);
          open.delete(value);
        }
      });
      for (const [value, failure] of failures) {
        const { group, index } = places[value]!;
        texts[group]![index] = failureText(failure, source.label);
      }
      // No controls: a value that says nothing fills none.
      const nothing = new ValueAnswer(source, []).finish({ outputs: {}, row: 0, metas: [] });
      for (const { group, index } of places) texts[group]![index] ??= nothing;
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('model_failed', `the model ${source.label} failed on these tasks`, { cause: error });
    }
    return texts;
  }
}
