import { isRecord } from '../is-record.js';
import type { Target } from '../regions/contract.js';
import type { LearntOutput } from './outputs.js';

/** What a task teaches. */
export interface TaskTargets {
  /** By the name of the output; outputs that nobody answered are absent. */
  targets: Map<string, Target>;
  /** Answers that name something which the labeling config has no more; those of several labels may count in part. */
  outdated: number;
  /** Answers that are of no shape that the control has. */
  unreadable: number;
}

/** An annotation that counts. */
interface Annotation {
  results: readonly Record<string, unknown>[];
  isGroundTruth: boolean;
  time: number;
  id: number;
}

interface Answer {
  target: Target;
  annotation: Annotation;
}

/**
 * Reads the annotations of a task, which count once together, for each output by itself:
 *
 * 1. what the ground truth says, the latest of several;
 * 2. else what most of the annotations say;
 * 3. of answers that equally many gave, the one that was given last.
 *
 * Annotations that were cancelled or are empty do not count; one without a result of an output's control says nothing
 * of that output. An answer that cannot be read does not count either, and the others do.
 *
 * @param annotations as Label Studio tells them; whatever is in them, nothing is thrown
 */
export function readTask(annotations: unknown, outputs: readonly LearntOutput[]): TaskTargets {
  const counting = countingOf(annotations);
  const read: TaskTargets = { targets: new Map(), outdated: 0, unreadable: 0 };
  for (const learnt of outputs) {
    const answers: Answer[] = [];
    for (const annotation of counting) {
      const { from_name, to_name } = learnt.output;
      const results = annotation.results.filter(
        result => result.from_name === from_name && result.to_name === to_name && result.type === learnt.type,
      );
      if (results.length === 0) continue;
      const { target, outdated } = learnt.read(results);
      if (outdated) read.outdated++;
      else if (target === null) read.unreadable++;
      if (target !== null) answers.push({ target, annotation });
    }
    const chosen = choose(answers);
    if (chosen !== undefined) read.targets.set(learnt.output.name, chosen);
  }
  return read;
}

/** The annotations that count, the latest first. */
function countingOf(annotations: unknown): Annotation[] {
  if (!Array.isArray(annotations)) return [];
  const counting = annotations.filter(isRecord).flatMap((annotation): Annotation[] => {
    const { result, was_cancelled, ground_truth, id } = annotation;
    if (was_cancelled === true || !Array.isArray(result) || result.length === 0) return [];
    const results = result.filter(isRecord);
    const number = typeof id === 'number' ? id : 0;
    return [{ results, isGroundTruth: ground_truth === true, time: timeOf(annotation), id: number }];
  });
  return counting.sort((a, b) => b.time - a.time || b.id - a.id);
}

/** @param answers the latest first */
function choose(answers: readonly Answer[]): Target | undefined {
  const truth = answers.find(({ annotation }) => annotation.isGroundTruth);
  if (truth !== undefined) return truth.target;
  const votes = new Map<string, { target: Target; count: number }>();
  for (const { target } of answers) {
    const key = JSON.stringify(target);
    const vote = votes.get(key) ?? { target, count: 0 };
    vote.count++;
    votes.set(key, vote);
  }
  // A map keeps the order in which keys came: the first of the largest is the latest one.
  let best: { target: Target; count: number } | undefined;
  for (const vote of votes.values()) if (best === undefined || vote.count > best.count) best = vote;
  return best?.target;
}

function timeOf({ updated_at, created_at }: Record<string, unknown>): number {
  for (const text of [updated_at, created_at]) {
    const time = typeof text === 'string' ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(time)) return time;
  }
  return 0;
}
