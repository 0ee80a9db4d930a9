import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CellOrder, Order, ProbeOrder, Report } from './orders.js';
import { BENCH, TEXTS } from './paths.js';

/** A load process, seen from `main.ts`. */
export class Loader {
  readonly #process: ChildProcess;

  constructor() {
    this.#process = fork(join(BENCH, 'load.ts'), [], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, TEXTS },
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** @throws Error when the process ends instead of reporting */
  run(order: CellOrder | ProbeOrder): Promise<Report> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('the load process ended'));
      this.#process.once('exit', ended);
      this.#process.once('message', report => {
        this.#process.off('exit', ended);
        resolve(report as Report);
      });
      this.#send(order);
    });
  }

  /** Ends a probe that runs. */
  stop(): void {
    this.#send({ type: 'stop' });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }

  #send(order: Order): void {
    this.#process.send(order);
  }
}
