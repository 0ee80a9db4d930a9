import type { Logger } from 'pino';
import type { AppError } from '../errors.js';
import { ChildLost } from './child-process.js';
import type { Part } from './job.js';
import { POISONOUS, type Poison, splitGroup } from './poison.js';
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
}

/** A child may end by accident; only one that ends this often over the same single task was ended by it. */
const LOSSES = { split: 2, poisonous: 3 };

/**
 * Decides what becomes of a part whose run failed. A lost child: the part is tried once more by itself, then task by
 * task, and a single task that keeps ending children is given up and remembered. A graph that failed: the same, but
 * the graph's failure is final for a single task. Anything else fails the request.
 */
export function afterFailure(part: Part, error: AppError, deps: RetryDeps): void {
  const { alone, label, scheduler, poison, log } = deps;
  const { group, job } = part;
  const single = group.count === 1;
  const giveUp = (text: string) => job.finish(part, { count: 1, text: Buffer.from(text) });
  if (error instanceof ChildLost) {
    if (error.begun) part.losses++;
    if (single && part.losses >= LOSSES.poisonous) {
      log.error(
        { version: label },
        'a task ended the inference process each time it was tried; it is given up',
      );
      poison.remember(job.key, group);
      giveUp(failureText(POISONOUS, label));
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
      giveUp(failureText({ code: error.code, message: error.message }, label));
    }
  } else {
    job.fail(error);
  }
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
    });
  });
}
