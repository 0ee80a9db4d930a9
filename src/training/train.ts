import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobLayout } from '../data-folder/layout.js';
import { removeTree } from '../data-folder/remove-tree.js';
import { AppError } from '../errors.js';
import { whereShown } from '../inputs/shown/value.js';
import { bindModel } from '../label-config/bind.js';
import type { LabelConfig } from '../label-config/parse.js';
import { requireLabelConfig } from '../label-config/require.js';
import type { Trouble } from '../label-studio/client.js';
import type { LabelStudioTask } from '../label-studio/pages.js';
import type { Manifest, Requirements } from '../registry/manifest.js';
import type { Registry } from '../registry/registry.js';
import type { TrainingRecord } from '../registry/training-record.js';
import { TRAINING_FILE } from '../registry/version-files.js';
import type { Versions } from '../registry/versions.js';
import type { TaskData } from '../task-data/fetch.js';
import type { DatasetCounts, prepareDataset } from './dataset.js';
import { type GateDeps, judge } from './gate.js';
import { findVersion } from './harvest.js';
import type { Job, JobRun, Work } from './job.js';
import { learntOutputs } from './outputs.js';
import { failed } from './process.js';
import { readableData, trainingInput } from './readable.js';

export interface TrainDeps extends GateDeps {
  registry: Pick<Registry, 'manifest' | 'folder' | 'current' | 'tryOut' | 'lease'>;
  versions: Pick<Versions, 'add' | 'activate' | 'prune' | 'ofJob'>;
  /** The folder of the server's own trainers, and of the packages that all trainers may import. */
  scripts: string;
  /** The setting `GATE`. */
  gate: 'on' | 'off';
  /** The setting `GATE_TOLERANCE`. */
  tolerance: number;
  /** The setting `KEEP_VERSIONS`. */
  keep: number;
  /** The path of the Python that trainers run with which need such packages. */
  python(run: JobRun, requirements: Requirements): Promise<string>;
  /** The tasks of a project that have annotations. */
  annotatedTasks(project: string, signal: AbortSignal, trouble: Trouble): AsyncIterable<LabelStudioTask>;
  /** Writes `tasks.jsonl`. */
  prepareDataset: typeof prepareDataset;
  taskData: TaskData;
}

/** Tasks that each label needs when the manifest does not say. */
const LEAST_TASKS = 2;

/** A version among those of the project, and what was decided about it. */
interface Trained {
  version: string;
  record: TrainingRecord;
}

/**
 * What a `train` job does: a project's annotations are written to the job's folder, the model's trainer makes a version of
 * them, the gate judges it, it is put among the project's versions, and, if accepted, it serves. Until then, and after
 * any failure, what served before serves.
 *
 * The version's folder has its verdict in it before it is moved to the others, so that a server which dies at any moment
 * finds either nothing or all; a job that is run again goes on from there.
 *
 * @returns work that fails with `training_failed`, `version_rejected` (the version is kept), those of the annotations, or
 *   the signal's reason
 * @example
 * const works: Works = { train: createTrain({ registry, versions, pool, ... }) };
 */
export function createTrain(deps: TrainDeps): Work {
  return async (job, run) => {
    const slot = { project: job.project, model: job.model };
    const { version, record } = (await deps.versions.ofJob(slot, job.id)) ?? (await train(deps, job, run));
    const label = `${job.model}:${version}`;
    if (record.accepted) {
      run.report(1, `${label} is about to serve`);
      await deps.versions.activate(slot, version);
    }
    await deps.versions.prune(slot, deps.keep);
    if (!record.accepted)
      throw new AppError('version_rejected', `the new version ${label} was rejected: ${record.reason}`);
    return { version, message: `${label} serves: ${record.reason}`, result: record.gate };
  };
}

async function train(deps: TrainDeps, job: Job, run: JobRun): Promise<Trained> {
  const began = performance.now();
  const { project, model } = job;
  const { folder, signal } = run;
  const manifest = deps.registry.manifest(model);
  if (!manifest) throw failed(`the model '${model}' was removed from the repository`);
  const script = scriptOf(deps, model, manifest);
  const config = requireLabelConfig(run.labelConfig);
  const among = run.controls && new Set(run.controls);
  const parent = deps.registry.current(model, project)?.label ?? null;

  const { counts, controls } = await run.aside(() =>
    writeInput(deps, job, run, { manifest, config, among, parent }),
  );

  const out = jobLayout(folder).output;
  await removeTree(out);
  await mkdir(out);
  try {
    const python = await deps.python(run, manifest.train?.requirements ?? 'base');
    run.report(0, `training on ${counts.tasks - counts.held_out} tasks`);
    await run.spawn(python, [script, '--job', folder], {
      cwd: folder,
      // The parity gate runs the server's own code.
      env: { PYTHONPATH: deps.scripts, NODE: process.execPath },
      name: 'the trainer',
    });
    const version = await findVersion(out);

    run.report(1, `comparing the new version on ${counts.held_out} tasks that it has not seen`);
    const candidate = { project, model, version, folder: join(out, version), manifest };
    const verdict = await judge(deps, {
      candidate,
      config,
      controls,
      tasks: join(folder, 'tasks.jsonl'),
      used: counts.labels,
      on: deps.gate === 'on',
      tolerance: deps.tolerance,
      signal,
    }).catch(error => {
      throw unjudged(error, version, candidate.folder);
    });
    signal.throwIfAborted();
    const record: TrainingRecord = {
      format: 1,
      job: job.id,
      project,
      parent,
      created: new Date().toISOString(),
      seconds: Math.round(performance.now() - began) / 1000,
      counts,
      controls: [...controls],
      ...verdict,
    };
    await writeFile(join(candidate.folder, TRAINING_FILE), JSON.stringify(record, null, 2));
    await deps.versions.add({ project, model }, version, candidate.folder);
    return { version, record };
  } finally {
    await removeTree(out);
  }
}

/** What a training is given, beside the annotations. */
interface Given {
  manifest: Manifest;
  config: LabelConfig;
  /** The controls that it learns; undefined: any. */
  among: ReadonlySet<string> | undefined;
  parent: string | null;
}

/**
 * Writes what the trainer reads: `tasks.jsonl`, `label_config.xml` and `context.json`.
 * @throws AppError `no_model_fits` when the config has no control to learn, or does not say what to learn from; those of
 *   the annotations
 */
async function writeInput(
  deps: TrainDeps,
  { id, project, model }: Job,
  { folder, signal, report }: JobRun,
  { manifest, config, among, parent }: Given,
): Promise<{ counts: DatasetCounts; controls: ReadonlySet<string> }> {
  // What it has learnt before, where there is a choice.
  const first = deps.registry.current(model, project)?.controls;
  const { place, binding } = bindModel({ name: model, manifest, outputs: null, among, first }, config);
  const outputs = learntOutputs(manifest, binding, config);
  const input = trainingInput(manifest, place);
  const told = (trouble: string | null) =>
    report(0, trouble === null ? 'reading the annotations' : `trying again: ${trouble}`);
  told(null);
  const counts = await deps.prepareDataset({
    tasks: deps.annotatedTasks(project, signal, told),
    outputs,
    min: manifest.train?.min ?? LEAST_TASKS,
    folder,
    readable: readableData(input, place, deps.taskData, project, signal),
    tell: leftOut => report(0, leftOut),
    signal,
  });
  const context = {
    format: 1,
    job: id,
    model,
    project,
    manifest,
    options: manifest.train?.options ?? {},
    parent,
    input: { ...input, shown: whereShown(place.shown) },
    outputs: outputs.map(({ output }) => output),
    counts,
  };
  await writeFile(join(folder, 'label_config.xml'), config.xml);
  await writeFile(join(folder, 'context.json'), JSON.stringify(context, null, 2));
  return { counts, controls: new Set(binding.controls.map(({ control }) => control)) };
}

/** @throws AppError `training_failed` when the model has no trainer, or has one that is nowhere */
function scriptOf({ registry, scripts }: TrainDeps, model: string, { train }: Manifest): string {
  if (!train) throw failed(`the model '${model}' cannot be trained: its model.json has no 'train'`);
  const places = [registry.folder({ project: null, model }), scripts];
  const found = places.map(place => join(place, train.script)).find(path => existsSync(path));
  if (found) return found;
  throw failed(
    `the trainer '${train.script}' of the model '${model}' is neither in ${places.join(' nor in ')}`,
  );
}

/** Why a new version could not be judged, in words that do not need the job's folder, which is emptied. */
function unjudged(error: unknown, version: string, folder: string): unknown {
  if (!(error instanceof AppError)) return error;
  const why = error.message.replaceAll(`${folder}/`, '').replaceAll(folder, 'it');
  if (error.code === 'version_invalid') return failed(`the new version ${version} is broken: ${why}`, error);
  if (error.retryable) return failed(`the new version ${version} could not be compared: ${why}`, error);
  return error;
}
