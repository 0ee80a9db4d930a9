import { AppError } from '../errors.js';
import type { TaskValue } from '../inputs/contract.js';
import { mediaTime } from '../inputs/media-time.js';
import { isPages } from '../inputs/shown/pages.js';
import { LoadedVersion, type OutputsVisitor } from './loaded-version.js';
import { joinPages, pageControls } from './pages.js';
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

/** A value that is run, a task's own or that of one of its pages, and the text of what is answered. */
interface ValueText {
  item: number | undefined;
  controls: readonly ControlBinding[];
  text?: string;
}

interface RunOptions {
  renew?: boolean;
  limit?: number;
  progress?: () => void;
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
      mediaTime.begin(undefined, 1);
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
   * @param limit how long a task may take, in milliseconds; by default as long as it will
   * @param progress called when a task, or one of its pages, is done
   * @returns for each group the texts of its items, in the order of its values
   * @throws AppError `model_failed` when the graph fails
   */
  async run(
    key: string,
    bindings: readonly Binding[],
    groups: readonly ValueGroup[],
    { renew = false, limit, progress = () => {} }: RunOptions = {},
  ): Promise<string[][]> {
    const held = this.#versions.get(key);
    if (!held) throw new AppError('not_ready', `version ${key} is not loaded in this process; send it again`);
    if (renew) held.bindings.clear();
    for (const binding of bindings) held.bindings.set(binding.id, binding);
    const { source } = held.version;

    const texts = groups.map(({ values }) => new Array<string>(values.length));
    const values: TaskValue[] = [];
    const rows: ValueText[] = [];
    const tasks: { group: number; index: number; rows: ValueText[] }[] = [];
    groups.forEach(({ binding, values: own, failures }, group) => {
      const bound = held.bindings.get(binding);
      if (!bound)
        throw new AppError('internal', `binding ${binding} of version ${key} is not known in this process`);
      own.forEach((value, index) => {
        const failure = failures?.[index];
        if (failure) {
          texts[group]![index] = failureText(failure, source.label);
          return;
        }
        const pages = isPages(value) ? value.pages : [{ item: undefined, value }];
        const all = pages.map(({ item }) => ({ item, controls: pageControls(bound.controls, item) }));
        values.push(...pages.map(page => page.value));
        rows.push(...all);
        tasks.push({ group, index, rows: all });
      });
    });
    try {
      const open = new Map<number, ValueAnswer>();
      mediaTime.begin(limit, values.length);
      const visit: OutputsVisitor = (value, answer, continues) => {
        const row = rows[value]!;
        const reasonOf = (failure: AppError) => held.version.reasonOf(failure, values[value]);
        const whole = open.get(value) ?? new ValueAnswer(source, row.controls, reasonOf);
        if (continues) {
          whole.add(answer);
          open.set(value, whole);
        } else {
          row.text = whole.finish(answer);
          open.delete(value);
        }
      };
      const failures = await held.version.run(values, visit, progress);
      for (const [value, failure] of failures) rows[value]!.text = failureText(failure, source.label);
      // No controls: a value that says nothing fills none.
      const nothing = new ValueAnswer(source, []).finish({ outputs: {}, row: 0, metas: [] });
      for (const { group, index, rows: own } of tasks)
        texts[group]![index] = joinPages(own.map(({ item, text = nothing }) => ({ item, text })));
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('model_failed', `the model ${source.label} failed on these tasks`, { cause: error });
    }
    return texts;
  }
}
