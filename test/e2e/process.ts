import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ProcessOptions {
  cwd?: string;
  /** All of the environment that the process gets beside `PATH`. */
  env: Readonly<Record<string, string>>;
}

const KEPT_LINES = 200;

/** A child process with what it wrote, ended together with its own children. */
export class Child {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  /** Resolves with the exit code, or the signal's name, when the process has ended. */
  readonly ended: Promise<number | string>;

  constructor(command: string, args: readonly string[], { cwd, env }: ProcessOptions) {
    this.#process = spawn(command, args, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
    });
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      createInterface({ input: stream }).on('line', line => {
        this.#lines.push(line);
        if (this.#lines.length > KEPT_LINES) this.#lines.shift();
        for (const listener of this.#listeners) listener(line);
      });
    }
    // It is the head of a process group, which outlives a run that is broken off.
    const kill = () => this.#signal('SIGKILL');
    process.once('exit', kill);
    this.ended = once(this.#process, 'close').then(([code, signal]) => {
      process.off('exit', kill);
      return code ?? signal;
    });
  }

  /** The last lines that the process wrote. */
  get output(): string {
    return this.#lines.join('\n');
  }

  /**
   * Waits for a line.
   * @param read what is wanted of the line; undefined: not this one
   * @throws Error with the output when the process ends first
   */
  async line<T>(read: (line: string) => T | undefined): Promise<T> {
    let listener: ((line: string) => void) | undefined;
    try {
      return await Promise.race([
        new Promise<T>(resolve => {
          listener = line => {
            const found = read(line);
            if (found !== undefined) resolve(found);
          };
          for (const line of this.#lines) listener(line);
          this.#listeners.add(listener);
        }),
        this.ended.then(how => {
          throw new Error(`the process ended (${how}) before it wrote what was waited for:\n${this.output}`);
        }),
      ]);
    } finally {
      if (listener) this.#listeners.delete(listener);
    }
  }

  /** Sends a signal to the process and its children. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#signal(signal);
    await this.ended;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
  }
}
