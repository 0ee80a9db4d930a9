import type { InputPlace } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import { dataOf, type RawTask } from '../inputs/values.js';
import type { LabelStudioTask } from '../label-studio/pages.js';
import { learntOptions, type Manifest } from '../registry/manifest.js';
import type { InputSpec } from '../registry/version.js';
import type { TaskData } from '../task-data/fetch.js';
import { preloadTaskData } from '../task-data/preload.js';

/** What trainers read of a task. */
export interface ReadableTask {
  /** The task's data, with what is behind an address in the place of it. */
  data: Record<string, unknown>;
  /** What the input kind knows of the task's value beyond that, see `InputKind.forTraining`. */
  meta?: unknown;
}

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
  const { read, forTraining } = INPUTS[input.kind]!;
  // What a version reads may be left to its training: there is nothing to check then.
  const isKnown = learntOptions(input).length === 0;
  return async task => {
    if (forTraining) {
      const request = { projectId: project, taskId: task.id, signal };
      return opened(task, place, input, address => taskData.readText(address, request));
    }
    let data = dataOf(task);
    if (place.isUrl) {
      const value = await preloadTaskData(taskData, { id: task.id, project, data }, data[place.key], signal);
      data = { ...data, [place.key]: value };
    }
    if (isKnown) read(data, place, input, null);
    return { data };
  };
}

/**
 * What the input kind knows of the value of a task that was written for trainers.
 * @returns undefined for a kind that knows nothing of it
 * @throws AppError when the value cannot be read
 */
export async function metaOf(task: RawTask, place: InputPlace, input: InputSpec): Promise<unknown> {
  if (!INPUTS[input.kind]!.forTraining) return undefined;
  const { meta } = await opened(task, place, input, async text => text);
  return meta;
}

async function opened(
  task: RawTask,
  place: InputPlace,
  input: InputSpec,
  readText: (address: string) => Promise<string>,
): Promise<ReadableTask> {
  const { read, forTraining } = INPUTS[input.kind]!;
  const data = dataOf(task);
  const { value, meta } = await forTraining!(read(data, place, input, null), place, input, readText);
  return { data: { ...data, [place.key]: value }, meta };
}
