import { once } from 'node:events';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a thread. From sources its entry is TypeScript, which a thread of Node 20 reads only once tsx is registered in it.
 *
 * @param from `import.meta.url` of who starts it
 * @param entry the thread's module, relative to that, without its extension
 * @param options what the thread gets; its `resourceLimits` leave no room for tsx, and are left out with it
 * @example
 * const thread = startThread(import.meta.url, './body-thread-entry', { workerData });
 */
export function startThread(from: string, entry: string, options: WorkerOptions): Worker {
  const extension = from.slice(from.lastIndexOf('.'));
  const url = new URL(`${entry}${extension}`, from);
  // What this process was given to run may be no file, which a thread would be refused for.
  if (extension !== '.ts') return new Worker(url, { execArgv: [], ...options });
  const { resourceLimits: _, ...others } = options;
  const code = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(url.href)}); })`;
  return new Worker(code, { ...others, eval: true });
}

/**
 * Has something worked out on a thread of its own, which answers with one message and is ended then.
 * @param request what the thread's module has as `workerData`
 * @throws what the thread throws
 */
export async function answerOfThread<T>(from: string, entry: string, request: unknown): Promise<T> {
  const thread = startThread(from, entry, { workerData: request });
  try {
    const [answer] = (await once(thread, 'message')) as [T];
    return answer;
  } finally {
    await thread.terminate();
  }
}
