import type { Logger } from 'pino';
import type { AppError } from '../errors.js';
import type { TaskFailure } from '../inputs/contract.js';
import { ChildLost } from './child-process.js';
import type { Part } from './job.js';
import { POISONOUS, type Poison, splitGroup, tooSlow } from './poison.js';
import { failureText, ITEM_SEPARATOR } from './protocol.js';
import type { Scheduler } from './scheduler.js';

export interface RetryDeps {
  /** Whether the part had the run for itself. */
  alone: boolean;
  /** The version's, for the answer of a task that is given up. */
  label: string;
  scheduler: Scheduler;
  poison: Poison;
  log: Logger;
  /** Given: the child was ended because the run took longer than this, in milliseconds. */
  overdue?: { limit: number; busy: boolean } | undefined;
}

/** A child may end by accident; only one that ends this often over the same single task was ended by it. */
const LOSSES = { split: 2, poisonous: 3 };
/** A child that stands still was stopped by somebody, as a rule; over the same tasks again, it waits for what does not come. */
const STALLS = 2;

/**
 * Decides what becomes of a part whose run failed. A lost child: the part is tried once more by itself, then task by
 * task, and a single task that keeps ending children is given up and remembered. A graph that failed: the same, but
 * the graph's failure is final for a single task. Anything else fails the request.
 *
 * A child that was ended for computing longer than it may: a single task is given up and remembered at once. One that stood still
 * is no task's fault: the part is tried once more, and a single task over which it happens again is given up, for now.
 */
export function afterFailure(part: Part, error: AppError, deps: RetryDeps): void {
  const { alone, label, scheduler, poison, log, overdue } = deps;
  const { group, job } = part;
  const single = group.count === 1;
  const giveUp = (failure: TaskFailure) =>
    job.finish(part, { count: 1, text: Buffer.from(failureText(failure, label)) });
  const blame = (failure: TaskFailure, why: string) => {
    log.error({ version: label }, `a task ${why}; it is given up`);
    poison.remember(job.key, group, failure);
    giveUp(failure);
  };
  if (error instanceof ChildLost && error.begun && overdue) {
    if (overdue.busy) part.losses++;
    else part.stalls = (part.stalls ?? 0) + 1;
    if (!overdue.busy && part.stalls! < STALLS) scheduler.retry(part);
    else if (!single) split(part, scheduler);
    else if (overdue.busy) blame(tooSlow(overdue.limit), 'took longer than RUN_TIMEOUT');
    else giveUp(stoodStill(overdue.limit));
  } else if (error instanceof ChildLost) {
    if (error.begun) part.losses++;
    if (single && part.losses >= LOSSES.poisonous) {
      blame(POISONOUS, 'ended the inference process each time it was tried');
    } else if (!single && part.losses >= LOSSES.split) {
      split(part, scheduler);
    } else {
      scheduler.retry(part);
    }
  } else if (error.code === 'model_failed') {
    if (!alone) scheduler.retry(part);
    else if (!single) split(part, scheduler);
    else {
      log.error({ err: error.cause, version: label }, error.message);
      giveUp({ code: error.code, message: error.message });
    }
  } else {
    job.fail(error);
  }
}

function stoodStill(limit: number): TaskFailure {
  return {
    code: 'child_lost',
    message: `the inference process that held this task stood still for ${limit / 1000} s (RUN_TIMEOUT), and so did the next one; send it again`,
  };
}

/** Tries a part task by task; their answers together are the part's. */
function split(part: Part, scheduler: Scheduler): void {
  const groups = splitGroup(part.group);
  const texts: Buffer[] = new Array(groups.length);
  let open = groups.length;
  groups.forEach((group, index) => {
    scheduler.retry({
      job: {
        key: part.job.key,
        binding: part.job.binding,
        get settled() {
          return part.job.settled;
        },
        finish(_part, piece) {
          if ('text' in piece) texts[index] = piece.text;
          if (--open > 0) return;
          const joined = texts.flatMap((text, place) =>
            place === 0 ? [text] : [Buffer.from(ITEM_SEPARATOR), text],
          );
          part.job.finish(part, { count: groups.length, text: Buffer.concat(joined) });
        },
        fail: error => part.job.fail(error),
      },
      index,
      group,
      losses: part.losses,
      stalls: part.stalls,
    });
  });
}
