import type { TaskData } from './fetch.js';
import { classify } from './resolve.js';

/** The parts of a Label Studio task that matter here. */
export interface PreloadTask {
  id?: number | string;
  project?: number | string;
  data: unknown;
}

/**
 * Replaces every string that points to something (a URL, a cloud URI, an upload, a local file) by the text that it
 * points to, in dictionaries and lists at any depth; everything else is kept. The counterpart of `preload_task_data`
 * of the Python SDK, except that the task itself stays as it was.
 *
 * @param value what is replaced; the task's data by default
 * @returns a copy of `value`
 * @throws AppError `task_unreadable` for the first one that cannot be read
 * @example
 * await preloadTaskData(taskData, { id: 1, data: { text: 'https://example.com/a.txt', stars: 4 } });
 * // { text: 'the content of a.txt', stars: 4 }
 */
export async function preloadTaskData(
  taskData: TaskData,
  task: PreloadTask,
  value: unknown = task.data,
  signal?: AbortSignal,
): Promise<unknown> {
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await preloadTaskData(taskData, task, item, signal));
    return items;
  }
  if (typeof value === 'object' && value !== null) {
    const entries: [string, unknown][] = [];
    for (const [key, item] of Object.entries(value)) {
      entries.push([key, await preloadTaskData(taskData, task, item, signal)]);
    }
    return Object.fromEntries(entries);
  }
  // What a `data:` URI holds is there already, and is rarely text.
  if (typeof value !== 'string' || classify(value).kind === 'data') return value;
  return await taskData.readText(value, {
    projectId: task.project === undefined ? null : String(task.project),
    taskId: task.id ?? null,
    signal,
  });
}
