import type { Config } from '../config.js';
import { dataLayout } from '../data-folder/layout.js';
import type { Guard } from '../data-folder/lock.js';
import { AppError } from '../errors.js';
import { createLabelStudioAuth, type LabelStudioAuth } from '../label-studio/auth.js';
import { type LabelStudioSource, labelStudioSource } from '../label-studio/source.js';
import { proxiedFetch, proxies } from '../proxies.js';
import type { State } from '../state.js';
import { createTaskData, type TaskData } from './fetch.js';
import { FileCache } from './file-cache.js';

/** The most that is fetched for one value of a task, how long that may take, and how many are fetched at once. */
const LIMITS = {
  maxBytes: 256 * 2 ** 20,
  // A group of texts goes to a child as JSON, which may take six times as much, and must be one string there.
  texts: { each: 16 * 2 ** 20, together: 64 * 2 ** 20 },
  timeoutMs: 30_000,
  answerMs: 10_000,
  atOnce: 32,
};
/** How long Label Studio may take to exchange a personal access token. */
const TOKEN_TIMEOUT_MS = 30_000;

/** The settings that say where task data may come from. */
export type TaskDataConfig = Pick<
  Config,
  | 'DATA_DIR'
  | 'FILE_CACHE'
  | 'LABEL_STUDIO_URL'
  | 'LABEL_STUDIO_API_KEY'
  | 'LOCAL_FILES_DOCUMENT_ROOT'
  | 'ALLOW_HOSTS'
  | 'HTTP_PROXY'
  | 'HTTPS_PROXY'
  | 'NO_PROXY'
>;

/** Where tasks and what they point to come from. */
export interface Sources {
  labelStudio: LabelStudioSource;
  auth: LabelStudioAuth;
  /** Asks Label Studio, through the proxies. */
  fetch: typeof fetch;
  taskData: TaskData;
  /** What of it lies on this machine's disk. */
  files: FileCache;
  /** Ends all that is fetched. */
  stop(): void;
}

/**
 * Label Studio, and what tasks point to, read with the token of the settings, else with that of the project's `/setup`.
 * @param guard called before each write of a copy
 * @param folder for the copies; by default that of `DATA_DIR`
 */
export function configuredSources(
  config: TaskDataConfig,
  state: State,
  { guard, folder = dataLayout(config.DATA_DIR).files }: { guard: Guard; folder?: string },
): Sources {
  const labelStudio = labelStudioSource(config, state);
  const proxyOf = proxies(config);
  const fetch = proxiedFetch(proxyOf);
  const auth = createLabelStudioAuth({ fetch, now: () => performance.now(), timeoutMs: TOKEN_TIMEOUT_MS });
  const files = new FileCache({ folder, maxBytes: config.FILE_CACHE, guard });
  const stopped = new AbortController();
  const taskData = createTaskData({
    labelStudio: labelStudioSource(config, state, true),
    auth,
    localFilesRoot: config.LOCAL_FILES_DOCUMENT_ROOT,
    isRootOfSettings: config.LABEL_STUDIO_URL !== null,
    allowHosts: config.ALLOW_HOSTS,
    files,
    proxyOf,
    stopped: stopped.signal,
    ...LIMITS,
  });
  const stop = () => stopped.abort(new AppError('shutting_down', 'the server is stopping; send it again'));
  return { labelStudio, auth, fetch, taskData, files, stop };
}
