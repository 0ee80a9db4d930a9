import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { inBackground } from './background.js';
import { type Config, ownEnvironment } from './config.js';
import { availableCores } from './cores.js';
import { dataLayout } from './data-folder/layout.js';
import { type DataFolder, openDataFolder } from './data-folder/open.js';
import { classDirectory, type Directory } from './directory.js';
import { type AppError, messageOf } from './errors.js';
import { type App, createApp } from './http/app.js';
import { createElsewhereCheck } from './http/elsewhere.js';
import { Access } from './label-studio/access.js';
import { createLabelStudioClient, type LabelStudioClient } from './label-studio/client.js';
import { ofSettings } from './label-studio/source.js';
import { loadKinds } from './load-kinds.js';
import { askForLostSetups } from './lost-setups.js';
import { Metrics } from './metrics.js';
import { MODEL_VERSION, type ModelClass } from './model.js';
import { ProjectKeys } from './project-keys.js';
import { Projects } from './projects.js';
import type { Requirements } from './registry/manifest.js';
import { aboutModel, openRepository, type Repository } from './repository.js';
import { cronTimes, schedule } from './schedule.js';
import { Service } from './service.js';
import { shownError } from './shown-error.js';
import { configuredSources, type Sources } from './task-data/configured.js';
import { prepareDataset } from './training/dataset.js';
import type { Environment } from './training/environment.js';
import { type Entry, fitWork } from './training/fit.js';
import type { Work } from './training/job.js';
import { Jobs } from './training/jobs.js';
import { Python, SCRIPTS } from './training/python.js';
import { createTrain } from './training/train.js';
import { Triggers } from './training/triggers.js';
import { takeOverUndated } from './undated-projects.js';

export interface BackendOptions {
  config: Config;
  log: Logger;
  /** Classes to serve; none: the models of `MODEL_DIR`. */
  models?: readonly ModelClass[];
  /** The script that calls `serve()` with the classes; without it their `fit` cannot run. */
  entry?: Entry;
  /** Modules of input and region kinds, beside those of the server: see `loadKinds`. */
  kinds?: readonly (string | URL)[];
  /**
   * Told that another server has taken `DATA_DIR` over, because this process was stopped for long: it must end. Nothing is
   * written from then on, whatever is done.
   */
  lost?: (error: AppError) => void;
  /** Gives the start up; its reason is what is thrown. */
  signal?: AbortSignal;
  /** Called when `DATA_DIR` is this server's, before models are loaded: what it throws ends the start. */
  opened?: () => Promise<void>;
  /** What programs that the backend starts get theirs from; this process's by default. */
  environment?: Environment;
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
  /** To be called once, when it listens: asks Label Studio for setups that were lost. Ends early when the backend closes. */
  askForLostSetups(): Promise<void>;
  /**
   * Tells a server that is started on the same `DATA_DIR` to wait for the end of this one, and gives jobs that run
   * `DRAIN_TIMEOUT` to end. `close` does it too.
   */
  leaving(): void;
  /** Ends the jobs and the children, and closes the state, once. Stop taking requests first. */
  close(): Promise<void>;
}

/** Trainings leave half of the cores to predictions; the grace is what a trainer may take to end when it is asked to. */
const JOB_LIMITS = { atOnce: Math.max(1, Math.floor(availableCores() / 2)), grace: 5_000, kept: 100 };

/** A page of annotated tasks, and all of them: Label Studio may predict for tasks that it lists, and that may take as long. */
const LABEL_STUDIO_LIMITS = { timeoutMs: 120_000, maxBytes: 64 * 2 ** 20, maxTotalBytes: 2 ** 32 };

/** Whether an address that the server listens on can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Makes a backend: children, model repository, state, jobs, HTTP.
 *
 * @throws AppError `provider_unavailable` when no execution provider of the list works here, `setting_invalid` when a kind
 *   cannot be used, another server uses `DATA_DIR`, or it cannot be written
 * @example
 * const backend = await createBackend({ config: readConfig({}), log: pino() });
 * backend.app.listen(9090, '127.0.0.1');
 */
export async function createBackend(options: BackendOptions): Promise<Backend> {
  await loadKinds(options.kinds ?? []);
  const { config, signal } = options;
  const log = options.log.child({}, { serializers: { err: shownError } });
  const { lost = error => log.fatal(messageOf(error)) } = options;
  const folder = await openDataFolder(config.DATA_DIR, { log, lost, signal });
  try {
    await options.opened?.();
    return await assemble({ ...options, log }, folder);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

async function assemble(options: BackendOptions, folder: DataFolder): Promise<Backend> {
  const { config, log, models = [], environment = ownEnvironment(), signal } = options;
  const loopback = isLoopback(config.HOST);
  const checkElsewhere = createElsewhereCheck({ publicHosts: config.PUBLIC_HOSTS, loopback });
  const { layout, lock, state } = folder;
  const sources = configuredSources(config, state, { guard: lock.check });
  const client = createLabelStudioClient({ ...sources, ...LABEL_STUDIO_LIMITS });
  const closing = new AbortController();
  const metrics = new Metrics({
    waiting: () => repository?.pool.waiting ?? 0,
    cache: () => repository?.cache ?? null,
    files: sources.files,
  });
  const failure = (model: string, project: string) => {
    const [last] = jobs.list({ model, project });
    return last?.status === 'failed' ? last.error : undefined;
  };
  const repository =
    models.length === 0 ? await openRepository(config, log, metrics, lock.check, failure, signal) : null;
  const directory: Directory =
    repository?.directory ??
    classDirectory(models, {
      live: name => [...service.live].filter(model => model.name === name),
      stored: name =>
        state
          .modelValues(name, MODEL_VERSION)
          .map(({ project, value }) => ({ project, version: String(value) })),
    });
  const jobs = new Jobs({
    state,
    folder: layout.jobs,
    guard: lock.check,
    works: {
      fit: fitWork({
        entry: options.entry ?? null,
        config,
        state,
        proof: lock.proof,
        environment,
        renew: (model, project) => service.renew(model, project),
      }),
      ...(repository ? { train: trainWork(config, repository, { sources, client, environment }) } : {}),
    },
    environment,
    host: project => sources.labelStudio(project)?.url ?? '',
    limits: { ...JOB_LIMITS, timeout: config.TRAIN_TIMEOUT, memory: config.TRAIN_MEMORY },
    log,
    ended: status => metrics.job(status),
  });
  const triggers = new Triggers({
    state,
    request: request => jobs.request(request),
    every: config.TRAIN_EVERY,
    debounce: config.TRAIN_DEBOUNCE,
    log,
  });
  const { taskData } = sources;
  const leftOut = metrics.leftOut.bind(metrics);
  const access = new Access({
    ...sources,
    client,
    state,
    settings: ofSettings(config),
    log,
    signal: closing.signal,
  });
  const deadline = config.REQUEST_DEADLINE;
  const service: Service = new Service({
    directory,
    state,
    jobs,
    triggers,
    taskData,
    access,
    deadline,
    leftOut,
    log,
  });
  const reload = (project?: string) =>
    repository?.registry.reload(slot => slot.project === (project ?? slot.project)) ?? Promise.resolve();
  const projects = new Projects({
    layout,
    state,
    service,
    forgetFiles: project => sources.files.forget(project),
    async stopLearning(project) {
      triggers.forget(project);
      await jobs.remove(project);
    },
    exclusively: change => repository?.registry.exclusively(change) ?? change(),
    reload,
  });
  const crons = [
    schedule(cronTimes(config.RELOAD_CRON), () => {
      inBackground(log, 'the model repository could not be read', reload());
    }),
    ...(config.TRAIN_CRON === null
      ? []
      : [schedule(cronTimes(config.TRAIN_CRON), () => triggers.trainAll())]),
  ];

  const describe = () => ({
    models: directory.list().map(({ name, versions }) => ({
      name,
      ...(repository && aboutModel(repository, name)),
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
    access,
    keys: new ProjectKeys({ state, folders: () => repository?.registry.projects ?? [], log }),
    jobs,
    ready: () => directory.list().length > 0 && (repository === null || repository.pool.pids.length > 0),
    describe,
    versions: repository?.versions ?? null,
    loopback,
    checkElsewhere,
  });
  await takeOverUndated({ dataDir: config.DATA_DIR, state, log });
  await jobs.start();
  let jobsEnded: Promise<void> | undefined;
  const leaving = () => {
    lock.stopping();
    // Beside the requests, so that all of it takes one DRAIN_TIMEOUT.
    jobsEnded ??= jobs.stop(config.DRAIN_TIMEOUT);
    return jobsEnded;
  };
  let closed: Promise<void> | undefined;
  const close = async () => {
    const ended = leaving();
    closing.abort();
    for (const stop of crons) stop();
    sources.stop();
    await triggers.stop();
    await ended;
    await repository?.close();
    await app.close();
    await folder.close();
  };
  return {
    app,
    describe,
    provider: repository?.pool.provider ?? null,
    pids: () => repository?.pool.pids ?? [],
    reload,
    askForLostSetups: () => askForLostSetups({ config, state, client, log }, closing.signal),
    leaving: () => void leaving(),
    close() {
      closed ??= close();
      return closed;
    },
  };
}

/** How models of the repository are trained. */
function trainWork(
  config: Config,
  { registry, versions, pool }: Repository,
  { sources, client, environment }: { sources: Sources; client: LabelStudioClient; environment: Environment },
): Work {
  // Environments of their own: few trainings need the largest of them.
  const pythonOf = (requirements: Requirements) =>
    new Python({
      python: config.PYTHON,
      folder: dataLayout(config.DATA_DIR).python(requirements),
      requirements: join(SCRIPTS, 'requirements', `${requirements}.txt`),
      environment,
    });
  const pythons = { base: pythonOf('base'), torch: pythonOf('torch') };
  return createTrain({
    registry,
    versions,
    pool,
    taskData: sources.taskData,
    prepareDataset,
    scripts: SCRIPTS,
    gate: config.GATE,
    tolerance: config.GATE_TOLERANCE,
    keep: config.KEEP_VERSIONS,
    python: (run, requirements) => pythons[requirements].ready(run),
    annotatedTasks: client.annotatedTasks,
  });
}
