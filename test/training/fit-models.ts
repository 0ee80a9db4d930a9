import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { LabelStudioMLBase, type PredictionItem, type Task } from '../../src/model.js';

const trap = () => {
  throw new Error('a trap');
};

/** Learns as the event's body says, in its field `do`. */
export class Learner extends LabelStudioMLBase {
  weights: unknown;

  override setup(): void {
    this.weights = this.get('weights') ?? null;
  }

  override predict(tasks: Task[]): PredictionItem[] {
    const known = { weights: this.weights, output: this.trainOutput ?? null, pid: process.pid };
    return tasks.map(() => ({ result: [], known }));
  }

  override async fit(event: string, data: Record<string, unknown>): Promise<unknown> {
    const path = String(data.path);
    switch (data.do) {
      case 'throw':
        this.modelVersion = 'learner:never';
        throw new Error('too few\nannotations');
      case 'throw later':
        queueMicrotask(() => {
          throw new Error('nobody waited for this');
        });
        return setTimeout(60_000);
      case 'throw what cannot be read':
        throw new Proxy(new Error(), { get: trap, getPrototypeOf: trap });
      case 'throw at length':
        throw new Error('too few annotations, '.repeat(100_000));
      case 'reject later':
        void Promise.reject('nobody waits for this');
        return setTimeout(60_000);
      case 'exit':
        return process.exit(0);
      case 'function':
        return () => 1;
      case 'eat': {
        const kept: Buffer[] = [];
        for (;;) kept.push(Buffer.alloc(20 * 2 ** 20, 1));
      }
      // Holds the thread, so that only a signal ends it; the second time it has learnt from the first.
      case 'spin': {
        if (existsSync(path)) return `not ${readFileSync(path, 'utf8').trim()}`;
        writeFileSync(path, `${process.pid}\n`);
        for (;;);
      }
      case 'wait': {
        while (!existsSync(path)) await setTimeout(10);
        return data.annotation;
      }
      case 'look': {
        const { SOME_VARIABLE, BASIC_AUTH_PASS } = process.env;
        const variables = [SOME_VARIABLE, BASIC_AUTH_PASS];
        const { projectId, labelConfig, extraParams, weights } = this;
        const nice = getPriority();
        const [control] = this.getFirstTagOccurrence('Choices', 'Text');
        return {
          event,
          data,
          pid: process.pid,
          nice,
          variables,
          projectId,
          labelConfig,
          extraParams,
          weights,
          control,
        };
      }
      default:
        this.set('weights', data.weights);
        this.modelVersion = `learner:${data.weights}`;
        return { learnt: data.weights };
    }
  }
}

/** Has nothing to learn with. */
export class Simple extends LabelStudioMLBase {
  override predict(tasks: Task[]): PredictionItem[] {
    return tasks.map(() => ({ result: [] }));
  }
}
