import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hasRoomForCopy, watchRoom } from '../data-folder/disk-room.js';
import { AppError, clip } from '../errors.js';
import type { LabelStudioTask } from '../label-studio/pages.js';
import type { Target } from '../regions/contract.js';
import { labelsIn } from '../regions/reading.js';
import { readTask } from './annotations.js';
import { checkEnough } from './enough.js';
import { linesOf } from './lines.js';
import type { LearntOutput } from './outputs.js';
import type { ReadableTask } from './readable.js';
import { type Split, Splitter } from './split.js';

export interface DatasetOptions {
  /** The annotated tasks, each id once. */
  tasks: AsyncIterable<LabelStudioTask> | Iterable<LabelStudioTask>;
  outputs: readonly LearntOutput[];
  /** Tasks that each label needs. */
  min: number;
  /** The job's folder, which gets `tasks.jsonl`. */
  folder: string;
  /**
   * What the model is to learn from in a task: fetched, if the task has the address of what is meant.
   * @throws AppError when the model could not read the task, which is then left out
   */
  readable(task: LabelStudioTask): Promise<ReadableTask> | ReadableTask;
  /** Told of tasks that say something, and which are left out because of their data. */
  tell?(leftOut: string): void;
  signal?: AbortSignal | undefined;
}

/** What a dataset holds and what it does not, as in `context.json`. */
export interface DatasetCounts {
  /** Tasks that count, held out or not. */
  tasks: number;
  held_out: number;
  left_out: {
    /** Tasks that say nothing of any output: cancelled, empty, or nothing but the answers below. */
    tasks: number;
    /** Tasks that say something, but whose data the model cannot read. */
    data: number;
    /** Single answers that name something which the labeling config has no more. */
    outdated: number;
    /** Single answers of no shape that their control has, or of places that the task's data do not have. */
    unreadable: number;
  };
  /** Tasks by output. */
  answers: Record<string, number>;
  /** Tasks by output and label, the labels that no task has left away; outputs of numbers are absent. */
  labels: Record<string, Record<string, number>>;
}

/**
 * Writes `tasks.jsonl`: a line for each task that counts, as it came, with `value`, `split` and `targets`. Tasks are written as
 * they come, so memory is bounded by one task and the labels.
 *
 * @throws AppError `annotations_too_few`, saying how many are needed and what there is; the errors of `tasks`; the
 *   signal's reason
 * @example
 * const outputs = learntOutputs(manifest, binding, config);
 * const tasks = client.annotatedTasks('4', signal);
 * await prepareDataset({ tasks, outputs, min: 2, folder, readable: ({ data }) => ({ value: data.text }), signal });
 * // { tasks: 300, held_out: 61, left_out: { tasks: 4, ... }, labels: { label: { Amazon: 102, ... } }, ... }
 */
export async function prepareDataset(options: DatasetOptions): Promise<DatasetCounts> {
  const { outputs, min, folder, signal } = options;
  const draft = join(folder, 'tasks.draft');
  const tally = new Tally(outputs, min);
  try {
    await write(draft, rowsOf(options, tally), signal);
    const split = tally.splitter.decide();
    const counts = tally.counts();
    checkEnough(counts, outputs, min);
    const finished = async function* () {
      for await (const line of linesOf(draft)) {
        // A line of the draft begins with the task's id, so that nothing of it has to be parsed again.
        const space = line.indexOf(' ');
        const side: Split = split(Number(line.subarray(0, space)));
        if (side === 'held_out') counts.held_out++;
        yield `{"split":"${side}",${line.toString('utf8', space + 2)}\n`;
      }
    };
    await write(join(folder, 'tasks.jsonl'), finished(), signal);
    return counts;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The lines of the draft: the id and the row without its split. */
async function* rowsOf(
  { tasks, outputs, readable, tell }: DatasetOptions,
  tally: Tally,
): AsyncGenerator<string> {
  const leaveOut = ({ id }: LabelStudioTask, why: string) => {
    tally.leftOut.data++;
    if (tally.leftOut.data <= NAMED) tell?.(`task ${id} is left out: ${clip(why, MESSAGE_LENGTH)}`);
  };
  for await (const task of tasks) {
    const { targets, outdated, unreadable } = readTask(task.annotations, outputs);
    tally.leftOut.outdated += outdated;
    tally.leftOut.unreadable += unreadable;
    if (targets.size === 0) {
      tally.leftOut.tasks++;
      continue;
    }
    let learnt: ReadableTask;
    try {
      learnt = await readable(task);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      leaveOut(task, error.message);
      continue;
    }
    const { meta, ...written } = learnt;
    const placed = new Map<string, Target>();
    for (const { output, place } of outputs) {
      const target = targets.get(output.name);
      if (target === undefined) continue;
      const found = place(target, meta);
      if (found === null) tally.leftOut.unreadable++;
      else placed.set(output.name, found);
    }
    if (placed.size === 0) {
      tally.leftOut.tasks++;
      continue;
    }
    const { split: _, value: __, shown: ___, ...rest } = task;
    const row = JSON.stringify({ ...rest, ...written, targets: Object.fromEntries(placed) });
    if (row.length > ROW_LENGTH) {
      const most = `a training takes at most ${ROW_LENGTH} of a task`;
      leaveOut(task, `it has ${row.length} characters with its annotations, and ${most}`);
      continue;
    }
    tally.add(task.id, placed);
    yield `${task.id} ${row}\n`;
  }
}

/** Characters of a row, which has a text twice, as data and as value: trainers and children take minutes over larger ones. */
const ROW_LENGTH = 32_000_000;
/** Tasks that are named when they are left out. */
const NAMED = 20;
const MESSAGE_LENGTH = 500;

/** Counts tasks as they pass. */
class Tally {
  readonly splitter: Splitter;
  readonly leftOut = { tasks: 0, data: 0, outdated: 0, unreadable: 0 };
  #tasks = 0;
  readonly #answers: Map<string, number>;
  readonly #labels: Map<string, Map<string, number>>;

  constructor(outputs: readonly LearntOutput[], min: number) {
    this.splitter = new Splitter(min);
    this.#answers = new Map(outputs.map(({ output }) => [output.name, 0]));
    this.#labels = new Map(
      outputs
        .filter(({ output }) => output.labels !== undefined)
        .map(({ output }) => [output.name, new Map()]),
    );
  }

  add(id: number, targets: ReadonlyMap<string, Target>): void {
    this.#tasks++;
    const all: string[] = [];
    for (const [output, target] of targets) {
      this.#answers.set(output, this.#answers.get(output)! + 1);
      const counts = this.#labels.get(output);
      // All numbers of an output count as one label.
      if (counts === undefined) all.push(JSON.stringify([output]));
      else {
        for (const label of labelsIn(target)) {
          counts.set(label, (counts.get(label) ?? 0) + 1);
          all.push(JSON.stringify([output, label]));
        }
      }
    }
    this.splitter.add(id, all);
  }

  counts(): DatasetCounts {
    const labels = [...this.#labels].map(([output, counts]) => [output, Object.fromEntries(counts)] as const);
    return {
      tasks: this.#tasks,
      held_out: 0,
      left_out: this.leftOut,
      answers: Object.fromEntries(this.#answers),
      labels: Object.fromEntries(labels),
    };
  }
}

/** @throws AppError `training_failed` before the disk is full: others need it as well */
async function* withRoom(path: string, lines: AsyncIterable<string>): AsyncGenerator<string> {
  const mayWrite = watchRoom(dirname(path), hasRoomForCopy);
  for await (const line of lines) {
    if (!mayWrite(line.length))
      throw new AppError(
        'training_failed',
        'there is no room for the annotated tasks on the disk of DATA_DIR, of which a tenth, or 1 GB, stays free for all else: free some space, or set DATA_DIR to a larger one',
      );
    yield line;
  }
}

async function write(path: string, lines: AsyncIterable<string>, signal: AbortSignal | undefined) {
  const file = createWriteStream(path);
  try {
    await pipeline(withRoom(path, lines), file, { signal });
  } catch (error) {
    // Its opening may still be on the way, and would make the file anew after it was removed.
    if (!file.closed) await once(file.destroy(), 'close');
    signal?.throwIfAborted();
    throw error;
  }
}
