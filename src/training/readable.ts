import type { InputPlace } from '../inputs/contract.js';
import { INPUTS } from '../inputs/index.js';
import { dataOf } from '../inputs/values.js';
import type { LabelStudioTask } from '../label-studio/pages.js';
import { learntOptions, type Manifest } from '../registry/manifest.js';
import type { TaskData } from '../task-data/fetch.js';
import { preloadTaskData } from '../task-data/preload.js';

/**
 * Reads tasks as the model will read them when it is served.
 *
 * @param place where the model finds its value
 * @returns gives a task's data, with what is behind an address in the place of it; throws AppError when the model could
 *   not read the task
 */
export function readableData(
  { input }: Manifest,
  place: InputPlace,
  taskData: TaskData,
  project: string,
  signal: AbortSignal,
): (task: LabelStudioTask) => Promise<Record<string, unknown>> {
  const { read } = INPUTS[input.kind]!;
  // What a version reads may be left to its training: there is nothing to check then.
  const isKnown = learntOptions(input).length === 0;
  return async task => {
    let data = dataOf(task);
    if (place.isUrl) {
      const value = await preloadTaskData(taskData, { id: task.id, project, data }, data[place.key], signal);
      data = { ...data, [place.key]: value };
    }
    if (isKnown) read(data, place, input, null);
    return data;
  };
}
