import { askClass } from './ask-class.js';
import type { Deadline } from './deadline.js';
import { AppError, asAppError } from './errors.js';
import { failureOf, splitItems } from './inference/protocol.js';
import { joinItems, joinVersions } from './joined-items.js';
import type { Context, LabelStudioMLBase } from './model.js';
import { type AnswerOptions, type ItemTexts, OnnxModel } from './onnx-model.js';
import type { TaskBatch } from './tasks.js';

/** A model that answers a part of a project, set up. */
export interface Answerer {
  model: LabelStudioMLBase;
  /** The controls that it fills; null: any, as it is alone. */
  controls: readonly string[] | null;
}

/** Asks a model for its part. */
export async function askPart(
  { model, controls }: Answerer,
  batch: TaskBatch,
  { context, gone, deadline }: AnswerOptions & { deadline: Deadline },
): Promise<ItemTexts> {
  if (model instanceof OnnxModel) return model.answer(batch, { context, gone });
  const own = model.modelVersion;
  return askClass(model, await batch.all(), { context, own, controls, gone, deadline });
}

/** What is said where nothing is asked. */
export function silence(parts: readonly Answerer[], count: number, context: Context | null): ItemTexts {
  const said = parts.map(({ model }) => ({ version: model.modelVersion, item: null }));
  return { texts: new Array(count).fill(joinItems(said, context)), modelVersion: versionOf(parts) };
}

export function versionOf(parts: readonly Answerer[]): string {
  return joinVersions(parts.map(({ model }) => model.modelVersion));
}

/** Told of predictions that lack what a model should have said. */
export type LeftOut = (model: LabelStudioMLBase, error: AppError, tasks: number) => void;

/** What a model answered; null: it has nothing to say before it is trained. */
interface Answered {
  version: string;
  items: readonly string[] | null;
}

/**
 * Asks several models for their parts of the same predictions, all at once.
 *
 * One that fails is left out of the predictions that it fails for, and of their version, so that Label Studio asks for them
 * again. One that is not trained yet says nothing.
 *
 * @param ask asks one of them
 * @throws AppError of the first that failed when none of them has an answer; `untrained` when none is trained
 */
export async function answerTogether(
  parts: readonly Answerer[],
  batch: TaskBatch,
  context: Context | null,
  ask: (part: Answerer, batch: TaskBatch) => Promise<ItemTexts>,
  leftOut: LeftOut,
): Promise<ItemTexts> {
  const batches = batch.share(parts.length);
  const answers = await Promise.allSettled(parts.map((part, index) => ask(part, batches[index]!)));
  const overs = answers.flatMap(answer => (answer.status === 'fulfilled' && answer.value.over) || []);
  const errors: AppError[] = [];
  const untrained: AppError[] = [];
  const failed: (() => void)[] = [];
  const all: Answered[] = [];
  for (const [index, answer] of answers.entries()) {
    const { model } = parts[index]!;
    if (answer.status === 'fulfilled') {
      const items = itemsOf(answer.value.texts);
      all.push({ version: answer.value.modelVersion, items });
      reportFailures(items, (error, tasks) => failed.push(() => leftOut(model, error, tasks)));
      continue;
    }
    const error = asAppError(answer.reason, 'internal', 'an error of this server; the log has it');
    if (error.code === 'untrained') {
      untrained.push(error);
      all.push({ version: model.modelVersion, items: null });
    } else {
      errors.push(error);
      // Nobody reads what is left without it then.
      if (error.code !== 'client_gone') failed.push(() => leftOut(model, error, batch.count));
    }
  }
  const over = overs.length === 0 ? undefined : Promise.all(overs).then(() => {});
  if (all.every(({ items }) => items === null)) throw errors[0] ?? untrained[0]!;
  for (const report of failed) report();
  const texts = Array.from({ length: batch.count }, (_, task) =>
    joinItems(
      all.map(({ version, items }) => ({ version, item: items === null ? null : items[task]! })),
      context,
    ),
  );
  return { texts, modelVersion: joinVersions(all.map(({ version }) => version)), over };
}

function itemsOf(texts: ItemTexts['texts']): string[] {
  return texts.flatMap(text => (typeof text === 'string' ? text : splitItems(text)));
}

/** Tells of the failures of single tasks, those of the same code together. */
function reportFailures(items: readonly string[], report: (error: AppError, tasks: number) => void): void {
  const found = new Map<string, { error: AppError; tasks: number }>();
  for (const item of items) {
    const failure = failureOf(item);
    if (!failure) continue;
    const known = found.get(failure.code);
    if (known) known.tasks++;
    else found.set(failure.code, { error: new AppError(failure.code, failure.message), tasks: 1 });
  }
  for (const { error, tasks } of found.values()) report(error, tasks);
}

/**
 * The parts that an interactive request is for: those of the controls that the annotator has used. What reads drawn regions
 * comes first: such a model is pointed at what it shall look at by controls that it does not fill itself. A model that is code
 * may do that as well.
 *
 * @param parts all parts of a project
 */
export function partsFor(parts: readonly Answerer[], context: Context): readonly Answerer[] {
  const results: readonly unknown[] = Array.isArray(context.result) ? context.result : [];
  const named = (key: 'from_name' | 'to_name') =>
    new Set(
      results
        .map(each => (each as Record<string, unknown> | null)?.[key])
        .filter(each => typeof each === 'string'),
    );
  const controls = named('from_name');
  if (controls.size === 0) return parts;
  const objects = named('to_name');
  const fillers = parts.filter(part => part.controls?.some(control => controls.has(control)) ?? true);
  const readers = parts.filter(({ model }) => model instanceof OnnxModel && model.readsDrawn(context));
  const both = fillers.filter(part => readers.includes(part) || !(part.model instanceof OnnxModel));
  const code = parts.filter(part => !(part.model instanceof OnnxModel) && isOn(part, objects));
  return [both, readers, fillers, code].find(some => some.length > 0) ?? [];
}

/** Whether a model fills a control of one of the objects. */
function isOn({ model, controls }: Answerer, objects: ReadonlySet<string>): boolean {
  const { parsedLabelConfig } = model;
  return (controls ?? Object.keys(parsedLabelConfig)).some(control =>
    parsedLabelConfig[control]?.to_name.some(object => objects.has(object)),
  );
}
