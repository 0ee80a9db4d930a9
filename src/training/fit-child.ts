import type { Logger } from 'pino';
import type { Proof } from '../data-folder/claims.js';
import { guardOf } from '../data-folder/lock.js';
import { classDirectory } from '../directory.js';
import { readLabelConfig } from '../label-config/parse.js';
import { MODEL_VERSION, type ModelClass } from '../model.js';
import { modelContext } from '../model-context.js';
import { type ModelState, State } from '../state.js';
import { configuredSources, type TaskDataConfig } from '../task-data/configured.js';

/** The environment variable that tells the entry script's `serve()` to learn instead. */
export const FIT_VARIABLE = 'TRAINING_FIT';

/** What the server asks the process of a `fit` for. */
export interface FitRequest {
  model: string;
  project: string;
  event: string;
  data: Record<string, unknown>;
  labelConfig: string;
  controls: readonly string[] | null;
  /** That the server has `DATA_DIR`. */
  proof: Proof;
  taskData: TaskDataConfig;
  /** The folder for copies of what tasks point to: the server counts and forgets those of its own alone. */
  files: string;
  logLevel: string;
}

/** What it sends: that it listens, and at the end what `fit` returned, and the version that it has set. */
export type FitMessage = { ready: true } | { output?: unknown; modelVersion?: string };

/**
 * The body of the process that a `fit` runs in: makes the instance as the server does, and lets it learn.
 *
 * What it keeps with `set` is in the server's state at once. Its `modelVersion` is held back: the server takes it when
 * `fit` has ended well, together with the instances that know what was learnt.
 * @throws what `setup` or `fit` throws, and when the script does not serve the model
 */
export async function runFit(
  models: readonly ModelClass[],
  request: FitRequest,
  log: Logger,
): Promise<FitMessage> {
  const { model, project, event, data, labelConfig, controls } = request;
  const backend = classDirectory(models, {
    live: () => [],
    stored: () => [],
  })
    .list()
    .find(({ name }) => name === model);
  if (!backend) throw new Error(`the first serve() of the entry script serves no model '${model}'`);
  const guard = guardOf(request.proof);
  const state = State.open(request.taskData.DATA_DIR, guard);
  try {
    const sources = configuredSources(request.taskData, state, { guard, folder: request.files });
    const deps = { state, taskData: sources.taskData, log };
    const place = { name: model, project, labelConfig: readLabelConfig(labelConfig), controls };
    const context = modelContext(deps, place);
    const held = holdVersion(context.state);
    const instance = backend.create({ ...context, state: held.state });
    await instance.setup();
    const output = await instance.fit(event, data);
    if (output !== undefined && JSON.stringify(output) === undefined)
      throw new TypeError(`fit() returned a ${typeof output}, which JSON cannot hold`);
    return { output, ...held.version() };
  } finally {
    await state.close();
  }
}

/** A model's state whose `modelVersion` is not written. */
function holdVersion(state: ModelState): { state: ModelState; version(): { modelVersion?: string } } {
  let held: { value: unknown } | undefined;
  return {
    state: {
      get: key => (key === MODEL_VERSION && held ? held.value : state.get(key)),
      has: key => (key === MODEL_VERSION && held ? held.value !== undefined : state.has(key)),
      set(key, value) {
        if (key === MODEL_VERSION) held = { value };
        else state.set(key, value);
      },
    },
    version: () => (held === undefined ? {} : { modelVersion: String(held.value) }),
  };
}
