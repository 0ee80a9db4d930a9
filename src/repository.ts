import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { abortable } from './abortable.js';
import type { Config } from './config.js';
import { dataLayout } from './data-folder/layout.js';
import type { Guard } from './data-folder/lock.js';
import { type Directory, repositoryDirectory } from './directory.js';
import { ChildPool, type PoolEvents } from './inference/pool.js';
import type { OnnxDeps } from './onnx-model.js';
import { compileChecks } from './registry/manifest.js';
import { Registry } from './registry/registry.js';
import { Versions } from './registry/versions.js';
import { ResultCache } from './result-cache.js';

/** What serves the models of `MODEL_DIR`. */
export interface Repository {
  pool: ChildPool;
  registry: Registry;
  versions: Versions;
  cache: ResultCache | null;
  directory: Directory;
  /** Ends the inference processes, and waits for what they were loading to be given up. */
  close(): Promise<void>;
}

/** A start waits for versions to be loaded as long as one more is loaded within this; it then goes on without the rest. */
const START_PATIENCE_MS = 10_000;
/** The loading of a version that takes longer has hung. */
const LOAD_LIMIT_MS = 300_000;

/**
 * Starts the inference processes and loads what serves. What takes long, or never ends, is loaded in the background.
 * @param guard called before `DATA_DIR` is changed
 * @param failure why the last training of a model for a project failed
 * @param signal gives it up; its reason is what is thrown
 * @throws AppError `provider_unavailable` when no execution provider of the list works here
 */
export async function openRepository(
  config: Config,
  log: Logger,
  events: PoolEvents,
  guard: Guard,
  failure: OnnxDeps['failure'],
  signal?: AbortSignal,
): Promise<Repository> {
  const starting = ChildPool.start(
    {
      workers: config.WORKERS,
      providers: config.EXECUTION_PROVIDER,
      maxBatch: config.MAX_BATCH,
      batchDelay: config.BATCH_DELAY,
      queueLimit: config.QUEUE_LIMIT,
      deadline: config.REQUEST_DEADLINE,
      runLimit: config.RUN_TIMEOUT ?? config.REQUEST_DEADLINE,
      loadLimit: LOAD_LIMIT_MS,
      childMemory: config.CHILD_MEMORY,
      temporary: dataLayout(config.DATA_DIR).temporary,
      log,
    },
    events,
  );
  // The processes take longer than that.
  compileChecks();
  const pool = await abortable(starting, signal).catch(error => {
    void starting.then(
      late => late.stop(),
      () => {},
    );
    throw error;
  });
  const registry = new Registry({ modelDir: config.MODEL_DIR, dataDir: config.DATA_DIR, pool, log, guard });
  try {
    await abortable(started(registry, log), signal);
  } catch (error) {
    await pool.stop();
    throw error;
  }
  const cache = config.RESULT_CACHE === 0 ? null : new ResultCache(config.RESULT_CACHE);
  const versions = new Versions(registry);
  const directory = repositoryDirectory({ registry, pool, cache, every: config.TRAIN_EVERY, failure });
  const close = async () => {
    const stopped = pool.stop();
    await registry.close();
    await stopped;
  };
  return { pool, registry, versions, cache, directory, close };
}

/** Resolves when all is loaded, or nothing more has come to serve for a while. */
async function started(registry: Registry, log: Logger): Promise<void> {
  const over = new AbortController();
  const loading = registry.reload().finally(() => over.abort());
  for (let before = -1; before !== registry.generation && !over.signal.aborted; ) {
    before = registry.generation;
    await setTimeout(START_PATIENCE_MS, undefined, { signal: over.signal }).catch(() => {});
  }
  if (over.signal.aborted) return loading;
  log.warn(
    `the server starts before all models are loaded: ${registry.loading.join(', ')} will serve once they are`,
  );
  loading.catch(error => log.error({ err: error }, 'the model repository could not be read'));
}

/** What `/api/models` tells of a model of the repository, beside its versions. */
export function aboutModel({ registry }: Repository, model: string) {
  const { title, train } = registry.manifest(model)!;
  // The projects that have a version of their own.
  const projects = registry.served(model).flatMap(({ project }) => project ?? []);
  return { title, trainable: train !== undefined, projects };
}
