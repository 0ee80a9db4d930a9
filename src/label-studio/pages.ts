/** A task as Label Studio tells it; of its content only the id has been looked at. */
export interface LabelStudioTask {
  id: number;
  data?: unknown;
  annotations?: unknown;
  [key: string]: unknown;
}

/** A page is to weigh so much: neither server holds much at once, and the event loop here is not held up. */
const PAGE_BYTES = 2 ** 20;
export const FIRST_PAGE = 100;
const LARGEST_PAGE = 500;

/**
 * The path of the annotated tasks behind a task.
 *
 * Each page begins behind the last id that was read and not at a number of tasks, so that tasks which come, go or are
 * annotated in the meantime move no other from one page to the next. The export endpoint would build one answer of all
 * tasks in memory, and does not exist in Label Studio Enterprise.
 *
 * @param last the largest id that was read; 0: none yet
 * @example
 * pagePath('4', 0, 100); // '/api/tasks/?project=4&fields=all&...'
 */
export function pagePath(project: string, last: number, size: number): string {
  const above = (column: string, value: number) => ({
    filter: `filter:tasks:${column}`,
    operator: 'greater',
    type: 'Number',
    value,
  });
  const query = {
    filters: { conjunction: 'and', items: [above('total_annotations', 0), above('id', last)] },
    selectedItems: { all: true, excluded: [] },
    ordering: ['tasks:id'],
  };
  return `/api/tasks/?${new URLSearchParams({
    project,
    fields: 'all',
    page: '1',
    page_size: String(size),
    // Else the URIs of cloud storages come as URLs of Label Studio, which `/predict` never sees.
    resolve_uri: 'false',
    query: JSON.stringify(query),
  })}`;
}

/**
 * Checks what Label Studio answered.
 * @param last the largest id that was read before
 * @returns undefined when it is not such a page, or when its tasks are not all behind `last`: reading on would not end
 */
export function readPage(
  page: unknown,
  last: number,
): { tasks: readonly LabelStudioTask[]; isLast: boolean } | undefined {
  const { tasks, total } = (page ?? {}) as { tasks?: unknown; total?: unknown };
  if (!Array.isArray(tasks) || typeof total !== 'number') return undefined;
  let before = last;
  for (const task of tasks) {
    if (!Number.isSafeInteger(task?.id) || task.id <= before) return undefined;
    before = task.id;
  }
  // A page may be shorter than was asked for: Label Studio can be set to a limit.
  return { tasks, isLast: tasks.length === 0 || tasks.length >= total };
}

/** How many tasks to ask for next, given what those of a page weighed. */
export function nextSize(bytes: number, tasks: number): number {
  return Math.min(Math.max(Math.floor((PAGE_BYTES / bytes) * tasks), 1), LARGEST_PAGE);
}

/** How many tasks to ask for after a page that was too large. */
export function smallerSize(size: number): number {
  return Math.ceil(size / 10);
}
