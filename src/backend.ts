import { isIP } from 'node:net';
import { schedule } from 'node-cron';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import { classDirectory, type Directory, repositoryDirectory } from './directory.js';
import { type App, createApp } from './http/app.js';
import { ChildPool, type PoolEvents } from './inference/pool.js';
import { createLabelStudioAuth } from './label-studio/auth.js';
import { labelStudioSource } from './label-studio/source.js';
import { Metrics } from './metrics.js';
import type { LabelStudioMLBase, ModelClass } from './model.js';
import { Projects } from './projects.js';
import { clearLeftovers } from './registry/leftovers.js';
import { Registry } from './registry/registry.js';
import { Versions } from './registry/versions.js';
import { ResultCache } from './result-cache.js';
import { Service } from './service.js';
import { State } from './state.js';
import { createTaskData } from './task-data/fetch.js';
import { Fits } from './training/fits.js';

export interface BackendOptions {
  config: Config;
  log: Logger;
  /** Classes to serve; none: the models of `MODEL_DIR`. */
  models?: readonly ModelClass[];
}

/** A running backend, not listening yet. */
export interface Backend {
  app: App;
  /** Names of the models and what is wrong with any of them. */
  describe(): {
    models: { name: string; versions: string[] }[];
    problems: readonly { model: string; message: string }[];
  };
  /** The execution provider in use; null when only classes are served. */
  provider: string | null;
  /** Process ids of the inference children. */
  pids(): readonly number[];
  /** Reads the model repository again. */
  reload(): Promise<void>;
  /** Ends the children and closes the state. Stop taking requests first. */
  close(): Promise<void>;
}

/** The most that is fetched for one value of a task, and how long that may take. */
const TASK_DATA_LIMITS = { maxBytes: 256 * 2 ** 20, timeoutMs: 30_000 };

/** How long Label Studio may take to exchange a personal access token. */
const TOKEN_TIMEOUT_MS = 30_000;

/** The run of a batch, or the loading of a version, that takes longer has hung. */
const HUNG_MS = { run: 30_000, load: 300_000 };

/** Whether an address that the server listens on can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Makes a backend: children, model repository, state, HTTP.
 *
 * @throws AppError `provider_unavailable` when no execution provider of the list works here
 * @example
 * const backend = await createBackend({ config: readConfig({}), log: pino() });
 * backend.app.listen(9090, '127.0.0.1');
 */
export async function createBackend(options: BackendOptions): Promise<Backend> {
  const state = State.open(options.config.DATA_DIR);
  try {
    return await assemble(options, state);
  } catch (error) {
    await state.close();
    throw error;
  }
}

async function assemble({ config, log, models = [] }: BackendOptions, state: State): Promise<Backend> {
  await clearLeftovers(config.DATA_DIR);
  state.failUnfinishedJobs();
  const metrics = new Metrics({
    waiting: () => repository?.pool.waiting ?? 0,
    cache: () => repository?.cache ?? null,
  });
  const fits = new Fits(state, log, status => metrics.job(status));
  const labelStudio = labelStudioSource(config, state);
  const auth = createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: TOKEN_TIMEOUT_MS });
  const taskData = createTaskData({
    labelStudio,
    auth,
    localFilesRoot: config.LOCAL_FILES_DOCUMENT_ROOT,
    allowHosts: config.ALLOW_HOSTS,
    ...TASK_DATA_LIMITS,
  });

  const live = (name: string): readonly LabelStudioMLBase[] =>
    [...service.live.values()].filter(model => model.name === name);
  let repository: Repository | null;
  try {
    repository = models.length === 0 ? await openRepository(config, log, metrics) : null;
  } catch (error) {
    await state.close();
    throw error;
  }
  const directory: Directory = repository?.directory ?? classDirectory(models, live);
  const service: Service = new Service({ directory, state, fits, taskData, log });
  const reload = () => repository?.registry.reload() ?? Promise.resolve();
  const projects = new Projects({
    dataDir: config.DATA_DIR,
    state,
    service,
    stopLearning: async () => {},
    exclusively: change => repository?.registry.exclusively(change) ?? change(),
    reload,
  });
  const cron = schedule(config.RELOAD_CRON, () => {
    reload().catch(error => log.error({ err: error }, 'the model repository could not be read'));
  });

  const describe = () => ({
    models: directory.list().map(({ name, versions }) => ({
      name,
      ...(repository && aboutModel(repository.registry, name)),
      versions: versions(null),
    })),
    problems: repository?.registry.problems ?? [],
  });
  const app = createApp({
    config,
    log,
    metrics,
    service,
    projects,
    ready: () => directory.list().length > 0 && (repository === null || repository.pool.pids.length > 0),
    describe,
    versions: repository?.versions ?? null,
    loopback: isLoopback(config.HOST),
  });
  return {
    app,
    describe,
    provider: repository?.pool.provider ?? null,
    pids: () => repository?.pool.pids ?? [],
    reload,
    async close() {
      await cron.destroy();
      await fits.stop(config.DRAIN_TIMEOUT);
      await repository?.pool.stop();
      await app.close();
      await state.close();
    },
  };
}

/** What `/api/models` tells of a model of the repository, beside its versions. */
function aboutModel(registry: Registry, model: string) {
  const { title, train } = registry.manifest(model)!;
  // The projects that have a version of their own.
  const projects = registry.served(model).flatMap(({ project }) => project ?? []);
  return { title, trainable: train !== undefined, projects };
}

/** What serves the models of `MODEL_DIR`. */
interface Repository {
  pool: ChildPool;
  registry: Registry;
  versions: Versions;
  cache: ResultCache | null;
  directory: Directory;
}

async function openRepository(config: Config, log: Logger, events: PoolEvents): Promise<Repository> {
  const pool = await ChildPool.start(
    {
      workers: config.WORKERS,
      providers: config.EXECUTION_PROVIDER,
      maxBatch: config.MAX_BATCH,
      batchDelay: config.BATCH_DELAY,
      queueLimit: config.QUEUE_LIMIT,
      deadline: config.REQUEST_DEADLINE,
      runLimit: HUNG_MS.run,
      loadLimit: HUNG_MS.load,
      childMemory: config.CHILD_MEMORY,
      log,
    },
    events,
  );
  const registry = new Registry({ modelDir: config.MODEL_DIR, dataDir: config.DATA_DIR, pool, log });
  try {
    await registry.reload();
  } catch (error) {
    await pool.stop();
    throw error;
  }
  const cache = config.RESULT_CACHE === 0 ? null : new ResultCache(config.RESULT_CACHE);
  const versions = new Versions(registry);
  return { pool, registry, versions, cache, directory: repositoryDirectory({ registry, pool, cache }) };
}
