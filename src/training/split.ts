import { createHash } from 'node:crypto';

/** What a task is used for: a model is fitted on `train` and judged on `held_out`. */
export type Split = 'train' | 'held_out';

const HELD_OUT_SHARE = 0.2;
/** Never changed: with another one, models would be judged on tasks that they were fitted on. */
const SALT = 'held-out/1/';
/** A label of so many tasks has one that is held out. */
const ENOUGH = 5;
/** Tasks that are kept in mind for each label beyond those that may be needed, as another label may need them too. */
const SPARE = 8;

/** Where a task lies in 0..1, for good. */
function shareOf(id: number): number {
  return createHash('sha256').update(`${SALT}${id}`).digest().readUInt32BE(0) / 2 ** 32;
}

interface Candidate {
  id: number;
  share: number;
  labels: readonly LabelTasks[];
}

/** The tasks of a label; of the candidates only those are kept that are moved first. */
interface LabelTasks {
  train: number;
  heldOut: number;
  /** Of `train`, by ascending share. */
  lowest: Candidate[];
  /** Of `held_out`, by descending share. */
  highest: Candidate[];
}

/**
 * Holds out about a fifth of the tasks, by a hash of the task's id: a task stays where it is as the project grows.
 *
 * Only where chance leaves a label without what it needs, tasks are moved to the other side, those first that lie
 * nearest to it:
 *
 * 1. each label keeps `min` tasks to be fitted on (or all, if it has fewer);
 * 2. each label of at least 5 tasks has one that is held out, if 1 is kept;
 * 3. at least one task is held out, if 1 is kept.
 *
 * A moved task goes back when other tasks of its label lie where it was needed. Memory is taken by labels, not by tasks.
 *
 * @example
 * const splitter = new Splitter(2);
 * splitter.add(12, ['Amazon']);
 * const split = splitter.decide();
 * split(12); // 'train'
 */
export class Splitter {
  readonly #min: number;
  readonly #labels = new Map<string, LabelTasks>();

  /** @param min the tasks that a label needs to be fitted */
  constructor(min: number) {
    this.#min = min;
  }

  /** @param labels each label of the task once */
  add(id: number, labels: readonly string[]): void {
    const share = shareOf(id);
    const isHeldOut = share < HELD_OUT_SHARE;
    const candidate = { id, share, labels: labels.map(label => this.#tasksOf(label)) };
    for (const tasks of candidate.labels) {
      tasks[isHeldOut ? 'heldOut' : 'train']++;
      if (isHeldOut) keep(tasks.highest, candidate, this.#min + SPARE, (a, b) => b.share - a.share);
      else keep(tasks.lowest, candidate, this.#min + SPARE, (a, b) => a.share - b.share);
    }
  }

  /** Decides, once all tasks are there. @returns the side of a task */
  decide(): (id: number) => Split {
    const moved = new Map<number, Split>();
    const move = ({ id, labels }: Candidate, to: Split) => {
      moved.set(id, to);
      for (const tasks of labels) {
        tasks.train += to === 'train' ? 1 : -1;
        tasks.heldOut += to === 'train' ? -1 : 1;
      }
    };
    const mayLeave = ({ id, labels }: Candidate) =>
      !moved.has(id) && labels.every(({ train }) => train > this.#min);

    const all = [...this.#labels.values()];
    for (const tasks of all) {
      for (const candidate of tasks.highest) {
        if (tasks.train >= this.#min) break;
        if (!moved.has(candidate.id)) move(candidate, 'train');
      }
    }
    for (const tasks of all) {
      if (tasks.heldOut > 0 || tasks.train < ENOUGH) continue;
      const candidate = tasks.lowest.find(mayLeave);
      if (candidate) move(candidate, 'held_out');
    }
    if (all.every(({ heldOut }) => heldOut === 0)) {
      const lowest = all.flatMap(tasks => tasks.lowest).sort((a, b) => a.share - b.share);
      const candidate = lowest.find(mayLeave);
      if (candidate) move(candidate, 'held_out');
    }
    return id => moved.get(id) ?? (shareOf(id) < HELD_OUT_SHARE ? 'held_out' : 'train');
  }

  #tasksOf(label: string): LabelTasks {
    let tasks = this.#labels.get(label);
    if (tasks === undefined) {
      tasks = { train: 0, heldOut: 0, lowest: [], highest: [] };
      this.#labels.set(label, tasks);
    }
    return tasks;
  }
}

/** Keeps the first candidates of an order. */
function keep(
  kept: Candidate[],
  candidate: Candidate,
  most: number,
  order: (a: Candidate, b: Candidate) => number,
): void {
  if (kept.length === most && order(candidate, kept.at(-1)!) >= 0) return;
  kept.push(candidate);
  kept.sort(order);
  if (kept.length > most) kept.pop();
}
