import { AppError } from '../errors.js';
import type { DatasetCounts } from './dataset.js';
import type { LearntOutput } from './outputs.js';

/** A model of numbers needs so many, whatever its `min`: fewer say nothing of how they depend on the data. */
const LEAST_NUMBERS = 10;
/** Labels that a message names. */
const NAMED = 8;

/**
 * Checks that there is enough to learn each output from: two labels, or one of regions, and `min` tasks of each label
 * that was used; of numbers `min` and no fewer than 10.
 *
 * @throws AppError `annotations_too_few`, with how many are needed and what there is
 */
export function checkEnough(counts: DatasetCounts, outputs: readonly LearntOutput[], min: number): void {
  for (const { output, leastLabels } of outputs) {
    const { from_name, name, labels } = output;
    const because = reasonsOf(counts);
    if (labels === undefined) {
      const needed = Math.max(min, LEAST_NUMBERS);
      const there = counts.answers[name]!;
      if (there >= needed) continue;
      throw tooFew(`'${from_name}' needs at least ${needed} annotated tasks; there ${are(there)}${because}`);
    }
    const used = Object.entries(counts.labels[name]!).sort(([, a], [, b]) => b - a);
    const each = min === 1 ? 'at least 1 task of each' : `at least ${min} tasks of each`;
    if (used.length < leastLabels) {
      const labelled = leastLabels === 1 ? 'a label' : 'two labels';
      const there = used.length === 0 ? 'there are none' : `all ${used[0]![1]} are of ${used[0]![0]}`;
      throw tooFew(
        `'${from_name}' needs annotated tasks of ${labelled} or more, ${each}; ${there}${because}`,
      );
    }
    const rare = used.filter(([, count]) => count < min);
    if (rare.length === 0) continue;
    const enough = used.filter(([, count]) => count >= min);
    const others = enough.length === 0 ? '' : `; enough of ${listed(enough.map(([label]) => label))}`;
    const there = listed(rare.map(([label, count]) => `${label} has ${count}`));
    throw tooFew(`'${from_name}' needs ${each} label that was used; ${there}${others}${because}`);
  }
}

function tooFew(message: string): AppError {
  return new AppError('annotations_too_few', message);
}

function are(count: number): string {
  return count === 0 ? 'are none' : count === 1 ? 'is 1' : `are ${count}`;
}

function many(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`;
}

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** Why there may be fewer than an annotator expects. */
function reasonsOf({ left_out: { data, outdated, unreadable } }: DatasetCounts): string {
  const reasons = [
    outdated > 0 &&
      `${many(outdated, 'answer names', 'answers name')} what the labeling config no longer has`,
    unreadable > 0 && `${many(unreadable, 'answer', 'answers')} cannot be read`,
    data > 0 && `the data of ${many(data, 'task', 'tasks')} cannot be read`,
  ].filter(reason => reason !== false);
  return reasons.length === 0 ? '' : ` (left out: ${reasons.join('; ')})`;
}
