import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { LabelStudioMLBase, TRAIN_OUTPUT } from '../model.js';
import type { Job, State } from '../state.js';

/** Runs of `fit` in the background: one at a time a model and project, each a job that can be asked for. */
export class Fits {
  readonly #state: State;
  readonly #log: Logger;
  readonly #ended: (status: Job['status']) => void;
  readonly #last = new Map<string, Promise<void>>();
  #stopped = false;

  /** @param ended told how each job ended */
  constructor(state: State, log: Logger, ended: (status: Job['status']) => void) {
    this.#state = state;
    this.#ended = ended;
    this.#log = log;
  }

  /**
   * Queues a run of a model's `fit`.
   * @returns the job's id; undefined for a model that has no `fit` of its own
   */
  add(model: LabelStudioMLBase, event: string, data: Record<string, unknown>): string | undefined {
    if (model.fit === LabelStudioMLBase.prototype.fit) return undefined;
    const job: Job = {
      id: randomUUID(),
      model: model.name,
      project: model.projectId,
      status: 'queued',
      created: new Date().toISOString(),
    };
    this.#state.setJob(job);
    const queue = `${model.name}\n${model.projectId}`;
    // In a later turn of the event loop: a `fit` that holds the thread must not hold back the webhook's answer.
    const before = this.#last.get(queue) ?? new Promise<void>(resolve => setImmediate(resolve));
    const run = before.then(() => this.#run(job, model, event, data));
    this.#last.set(queue, run);
    void run.then(() => {
      if (this.#last.get(queue) === run) this.#last.delete(queue);
    });
    return job.id;
  }

  status(id: string): Job | undefined {
    return this.#state.job(id);
  }

  /** Waits until nothing is queued or running, but no longer than it may; what runs on is left alone. */
  async stop(milliseconds: number): Promise<void> {
    const idle = async () => {
      while (this.#last.size > 0) await Promise.all(this.#last.values());
    };
    await Promise.race([idle(), setTimeout(milliseconds, undefined, { ref: false })]);
    this.#stopped = true;
  }

  async #run(
    job: Job,
    model: LabelStudioMLBase,
    event: string,
    data: Record<string, unknown>,
  ): Promise<void> {
    this.#state.setJob({ ...job, status: 'started' });
    try {
      const output = await model.fit(event, data);
      // The state is closed by now; the next start finds the job unfinished.
      if (this.#stopped) return;
      if (output !== undefined) model.set(TRAIN_OUTPUT, output);
      this.#state.setJob({ ...job, status: 'finished' });
      this.#ended('finished');
    } catch (error) {
      this.#log.error(
        { err: error, job: job.id, model: job.model, project: job.project, event },
        'fit() failed',
      );
      if (this.#stopped) return;
      this.#state.setJob({ ...job, status: 'failed', error: messageOf(error) });
      this.#ended('failed');
    }
  }
}
