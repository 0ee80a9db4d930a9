import { rm } from 'node:fs/promises';
import type { Config } from '../config.js';
import type { Proof } from '../data-folder/claims.js';
import { jobLayout } from '../data-folder/layout.js';
import { MODEL_VERSION, TRAIN_OUTPUT } from '../model.js';
import type { State } from '../state.js';
import { type Environment, fitEnvironment } from './environment.js';
import { FIT_VARIABLE, type FitMessage, type FitRequest } from './fit-child.js';
import type { Work } from './job.js';
import { failed } from './process.js';

/** The script that calls `serve()` with the classes: `fit` runs in a process that starts it again. */
export interface Entry {
  script: string;
  args?: readonly string[];
  /** Options of Node, such as `--import tsx`. */
  execArgv?: readonly string[];
}

export interface FitDeps {
  /** Null: nobody knows it, and nothing can learn. */
  entry: Entry | null;
  config: Config;
  state: State;
  /** That this server has `DATA_DIR`. */
  proof: Proof;
  /** This process's environment. */
  environment: Environment;
  /** Makes the instances of a model for a project anew when they are asked for next. */
  renew(model: string, project: string): void;
}

const NO_ENTRY =
  'fit() runs in a process of its own, which starts the script that calls serve() again: give createBackend() that script as `entry`';
/** A debugger's port is taken, and one that waits for a debugger would never begin. */
const DEBUGGER = /^--inspect/;

/**
 * The work of a job of kind `fit`: the entry script is started again, where `serve()` makes the instance and calls its `fit`.
 * What that returns and the version that it sets count from the moment when it has ended well.
 */
export function fitWork({ entry, config, state, proof, environment, renew }: FitDeps): Work {
  return async (job, run) => {
    if (entry === null) throw failed(NO_ENTRY);
    const { model, project, event } = job;
    const request: FitRequest = {
      model,
      project,
      event,
      data: run.data,
      labelConfig: run.labelConfig,
      controls: run.controls ?? null,
      proof,
      taskData: {
        DATA_DIR: config.DATA_DIR,
        FILE_CACHE: config.FILE_CACHE,
        LABEL_STUDIO_URL: config.LABEL_STUDIO_URL,
        LABEL_STUDIO_API_KEY: config.LABEL_STUDIO_API_KEY,
        LOCAL_FILES_DOCUMENT_ROOT: config.LOCAL_FILES_DOCUMENT_ROOT,
        ALLOW_HOSTS: config.ALLOW_HOSTS,
        HTTP_PROXY: config.HTTP_PROXY,
        HTTPS_PROXY: config.HTTPS_PROXY,
        NO_PROXY: config.NO_PROXY,
      },
      files: jobLayout(run.folder).files,
      logLevel: config.LOG_LEVEL,
    };
    const { script, args = [], execArgv = [] } = entry;
    const options = execArgv.filter(option => !DEBUGGER.test(option));
    let done: Exclude<FitMessage, { ready: true }> | undefined;
    try {
      await run.spawn(process.execPath, [...options, script, ...args], {
        cwd: process.cwd(),
        env: { ...fitEnvironment(environment), [FIT_VARIABLE]: '1' },
        name: 'fit()',
        onMessage(message, reply) {
          if ('ready' in (message as FitMessage)) reply(request);
          else done = message as Exclude<FitMessage, { ready: true }>;
        },
      });
      if (done === undefined) throw failed('fit() ended its process before it returned');
    } catch (error) {
      // What it kept before may be what they were set up with.
      renew(model, project);
      throw error;
    } finally {
      await rm(request.files, { recursive: true, force: true });
      state.forgetReaders();
    }
    const kept = state.model(model, project);
    if (done.output !== undefined) kept.set(TRAIN_OUTPUT, done.output);
    if (done.modelVersion !== undefined) kept.set(MODEL_VERSION, done.modelVersion);
    renew(model, project);
    const version = done.modelVersion === undefined ? {} : { version: done.modelVersion };
    return { ...version, message: 'fit() has ended' };
  };
}
