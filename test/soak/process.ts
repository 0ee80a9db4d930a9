import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { processTree } from '../bench/processes.js';
import { ROOT } from '../support/python.js';

const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
/** Of pino's levels: error. */
const ERROR = 50;

/** The server as it is installed, in a process of its own. */
export class CompiledServer {
  readonly url: string;
  readonly pid: number;
  /** Lines that tell of an error which was not to be expected. */
  readonly errors: string[];
  /** Resolves with the exit code; null: it was killed. */
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, url: string, errors: string[], ended: Promise<number | null>) {
    this.#process = child;
    this.pid = child.pid!;
    this.url = url;
    this.errors = errors;
    this.ended = ended;
  }

  /**
   * Starts it on a port that the system chooses, and waits until it listens.
   * @param expected errors that it may tell of
   */
  static async start(env: Readonly<Record<string, string>>, expected: RegExp): Promise<CompiledServer> {
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli/start.js')], {
      env: {
        ...Object.fromEntries(PASSED_ON.map(name => [name, process.env[name]])),
        PORT: '0',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // It ends with this process, however that ends.
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    const ended = once(child, 'exit').then(([code]) => {
      process.off('exit', kill);
      return code as number | null;
    });
    const errors: string[] = [];
    return new Promise((resolve, reject) => {
      void ended.then(code => reject(new Error(`the server ended with ${code}`)));
      createInterface({ input: child.stdout! }).on('line', line => {
        const { level, msg } = JSON.parse(line) as { level: number; msg: string };
        const url = /^serving .* on (http:\S+)$/.exec(msg)?.[1];
        if (url !== undefined) resolve(new CompiledServer(child, url, errors, ended));
        if (level >= ERROR && !expected.test(msg)) errors.push(line);
      });
    });
  }

  /** All processes of the server, itself first. */
  get pids(): number[] {
    return processTree(this.pid);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** @returns the exit code */
  stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.ended;
  }
}

/** Kills a process. @returns false: it had ended already */
export function killProcess(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** Whether a process is there, and more than a zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
