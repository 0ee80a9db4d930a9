import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AppError } from '../../src/errors.js';
import { createLabelStudioAuth } from '../../src/label-studio/auth.js';
import { createTaskData, type TaskData, type TaskDataDeps } from '../../src/task-data/fetch.js';
import { FileCache } from '../../src/task-data/file-cache.js';
import { temporaryFolder } from '../support/folder.js';

/** An HTTP server on a port that the system chose, with what it was asked. */
export interface TestServer {
  url: string;
  /** `host:port`, an entry for `allowHosts`. */
  host: string;
  requests: IncomingMessage[];
}

const running: Server[] = [];
const folder = await temporaryFolder();
let caches = 0;

/** Starts a server that `stopServers` ends. */
export async function serve(answer: RequestListener): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  running.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${host}`, host, requests };
}

export async function stopServers(): Promise<void> {
  for (const server of running.splice(0)) {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

/** A TaskData with small limits, no Label Studio and no allowed hosts, unless said otherwise. */
export function taskDataWith(deps: Partial<TaskDataDeps> = {}): TaskData {
  return createTaskData({
    labelStudio: () => null,
    auth: createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: 10_000 }),
    localFilesRoot: null,
    allowHosts: [],
    maxBytes: 1000,
    texts: { each: 1000, together: 4000 },
    timeoutMs: 10_000,
    answerMs: 10_000,
    atOnce: 4,
    files: new FileCache({ folder: join(folder, String(++caches)), maxBytes: 0 }),
    ...deps,
  });
}

export const anyTask = { projectId: '1', taskId: 7 } as const;

/** The message of the `task_unreadable` that a promise must reject with. */
export async function unreadable(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it was read'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof AppError && error.code === 'task_unreadable') return error.message;
  throw error;
}
