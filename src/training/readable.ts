import type { InputPlace } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import { fetchedPlace, fixedPlace, isFetched } from '../inputs/shown/fetched.js';
import { shownValue } from '../inputs/shown/value.js';
import { dataOf, type RawTask, takeValue } from '../inputs/values.js';
import type { LabelStudioTask } from '../label-studio/pages.js';
import { learntOptions, type Manifest } from '../registry/manifest.js';
import type { InputSpec } from '../registry/version.js';
import type { TaskData } from '../task-data/fetch.js';

/** What trainers read of a task. */
export interface ReadableTask {
  /** What they learn from, see `InputKind.learnt`; undefined: the kind does not know before it is trained. */
  value?: unknown;
  /** What the object tag shows, where that was fetched and is another thing. */
  shown?: unknown;
  /** What the input kind knows of the task's value beyond that, see `InputKind.forTraining`. */
  meta?: unknown;
}

/** A task as it stands in `tasks.jsonl`. */
export type WrittenTask = RawTask & Omit<ReadableTask, 'meta'>;

/**
 * What a model reads in a project: the manifest's `input`, with what the labeling config says of it.
 * @throws AppError `no_model_fits` when the config does not say what it should
 */
export function trainingInput({ input }: Manifest, place: InputPlace): InputSpec {
  const fromConfig = learntOptions(input).length > 0 ? INPUTS[input.kind]!.recipe?.fromConfig?.(place) : {};
  return { ...fromConfig, ...input };
}

/**
 * Reads tasks as the model will read them when it is served.
 *
 * @param place where the model finds its value
 * @returns gives what trainers read of a task; throws AppError when the model could not read the task
 */
export function readableData(
  input: InputSpec,
  place: InputPlace,
  taskData: TaskData,
  project: string,
  signal: AbortSignal,
): (task: LabelStudioTask) => Promise<ReadableTask> {
  const kind = INPUTS[input.kind]!;
  const { read, learnt, forTraining } = kind;
  // What a version reads may be left to its training: there is nothing to check then.
  const isKnown = learntOptions(input).length === 0;
  return async task => {
    const request = { projectId: project, taskId: task.id, signal };
    const textAt = (address: string) => taskData.textAt(address, request);
    const data = dataOf(task);
    if (forTraining) return forTraining(read(data, place, input, null), place, input, textAt);
    const fetched = isFetched(kind, place) ? await fetchedPlace(data, place, textAt) : undefined;
    const own = fetched ?? place;
    const taken = isKnown ? takeValue(task, { place: own, input, context: null }) : undefined;
    const value = learnt ? await learnt(data, own) : taken;
    const shown = fetched && shownValue(data, fetched.shown);
    return shown === undefined || shown === value ? { value } : { value, shown };
  };
}

/** Whether the value of a task that was written for trainers is another than its data have: what was fetched for them. */
export function isWritten(place: InputPlace, { kind }: InputSpec): boolean {
  const own = INPUTS[kind]!;
  return own.forTraining !== undefined || isFetched(own, place);
}

/** Where that value is. */
export function writtenPlace(task: WrittenTask, place: InputPlace): InputPlace {
  return fixedPlace(place, 'shown' in task ? task.shown : task.value);
}

/**
 * What the input kind knows of the value of a task that was written for trainers.
 * @returns undefined for a kind that knows nothing of it
 * @throws AppError when the value cannot be read
 */
export async function metaOf(task: WrittenTask, place: InputPlace, input: InputSpec): Promise<unknown> {
  const { read, forTraining } = INPUTS[input.kind]!;
  if (!forTraining) return undefined;
  const own = writtenPlace(task, place);
  const { meta } = await forTraining(read(dataOf(task), own, input, null), own, input, async text => text);
  return meta;
}
