import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { jobLayout } from '../data-folder/layout.js';
import { AppError, messageOf } from '../errors.js';
import { type Environment, installerEnvironment, trainerEnvironment } from './environment.js';
import type { JobRun } from './job.js';
import { failed } from './process.js';

/** The folder of the package's own Python scripts. */
export const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url));

export interface PythonOptions {
  /** The setting `PYTHON`: an interpreter that has what trainers need; null: an environment is made. */
  python: string | null;
  /** Where environments are made, `DATA_DIR/python`. */
  folder: string;
  /** The packages, with their hashes. */
  requirements: string;
  /** This process's environment. */
  environment: Environment;
}

const LEAST = [3, 10] as const;
const ASK_VERSION = ['-c', 'import sys; print(*sys.version_info[:2]); print(sys.version)'];
const ANSWER_MS = 30_000;
/** Written last: a folder without it is half made. */
const COMPLETE = 'complete';

/**
 * The Python that trainers run with: the one that the setting names, else an environment below `DATA_DIR`, made once for
 * a list of requirements and a version of Python.
 *
 * @example
 * const python = await pythons.ready(run);
 * await run.spawn(python, [script, '--job', run.folder]);
 */
export class Python {
  readonly #options: PythonOptions;
  #making: Promise<void> | undefined;

  constructor(options: PythonOptions) {
    this.#options = options;
  }

  /**
   * The interpreter's path. The environment is made as part of the job that asks first, which is told of it as progress;
   * others wait.
   * @throws AppError `training_failed`, with what to do
   */
  async ready(run: JobRun): Promise<string> {
    const { python, folder } = this.#options;
    if (python !== null) {
      await this.#version(python, run.signal, 'PYTHON names no Python that runs');
      return python;
    }
    const version = await this.#version('python3', run.signal, 'install Python 3.10 or newer, or set PYTHON');
    const requirements = await readFile(this.#options.requirements);
    const key = createHash('sha256').update(requirements).update(version).digest('hex').slice(0, 16);
    const place = join(folder, key);
    while (!existsSync(join(place, COMPLETE))) {
      if (this.#making) {
        run.report(0, 'waiting for the Python environment, which another training makes');
        // When that one fails, or is cancelled, it is this one's turn.
        await Promise.race([this.#making.catch(() => {}), aborted(run.signal)]);
        run.signal.throwIfAborted();
      } else {
        this.#making = this.#make(place, run).finally(() => {
          this.#making = undefined;
        });
        await this.#making;
      }
    }
    return join(place, 'bin', 'python');
  }

  /** @returns the whole version, which tells builds apart */
  async #version(python: string, signal: AbortSignal, advice: string): Promise<string> {
    let answer: string;
    try {
      const env = trainerEnvironment(this.#options.environment);
      const options = { env, signal, timeout: ANSWER_MS };
      answer = (await promisify(execFile)(python, ASK_VERSION, options)).stdout;
    } catch (error) {
      signal.throwIfAborted();
      const { signal: ended } = error as { signal?: string | null };
      if (ended) throw failed(`'${python}' was ended by ${ended} before it told its version`, error);
      throw failed(`'${python}' does not run: ${advice}`, error);
    }
    const [major = 0, minor = 0] = answer.split(/\s/, 2).map(Number);
    if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return answer;
    throw failed(`'${python}' is Python ${major}.${minor}, and trainers need 3.10 or newer: ${advice}`);
  }

  async #make(place: string, run: JobRun): Promise<void> {
    const { folder, requirements, environment } = this.#options;
    const env = installerEnvironment(environment);
    try {
      run.report(0, 'making the Python environment (once)');
      await rm(place, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      const uv = await this.#hasUv(run.signal);
      const python = join(place, 'bin', 'python');
      const venv = ['-m', 'venv', ...(uv ? ['--without-pip'] : []), place];
      await run.spawn('python3', venv, { env, name: 'python3 -m venv' });
      run.report(0, 'installing the Python packages (once)');
      const hashed = ['--require-hashes', '-r', requirements];
      if (uv) await run.spawn('uv', ['pip', 'install', '--python', python, ...hashed], { env, name: 'uv' });
      else {
        const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', ...hashed];
        await run.spawn(python, pip, { env, name: 'pip' });
      }
      await writeFile(join(place, COMPLETE), '');
    } catch (error) {
      run.signal.throwIfAborted();
      const why = error instanceof AppError ? error.message : messageOf(error);
      const more = `all of its output is in ${jobLayout(run.folder).log}`;
      throw failed(`the Python environment could not be made: ${why}; ${more}`, error);
    }
    // Those of other requirements; nothing runs with them, since this server has used this one alone.
    for (const name of await readdir(folder)) {
      if (join(folder, name) !== place) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  async #hasUv(signal: AbortSignal): Promise<boolean> {
    const env = trainerEnvironment(this.#options.environment);
    return promisify(execFile)('uv', ['--version'], { env, signal, timeout: ANSWER_MS }).then(
      () => true,
      () => false,
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
