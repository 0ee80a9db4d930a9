import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The root of the project. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The Python of the tests: `PYTHON`, else the environment that `make test` makes. */
export const PYTHON = process.env.PYTHON || `${ROOT}.venv/bin/python`;

/**
 * Runs a Python script that reads JSON lines and writes JSON lines.
 *
 * @param script its path below the project's root
 * @param codes exit codes that are no failure
 * @throws Error with what it wrote to stderr when it fails, or when there is no Python
 */
export async function runPython<T>(
  script: string,
  lines: Iterable<unknown>,
  codes: readonly number[] = [0],
): Promise<T[]> {
  const child = spawn(PYTHON, [`${ROOT}${script}`], { cwd: ROOT });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', error =>
      reject(
        new Error(
          `no Python at ${PYTHON} (${error.message}): run \`make test\`, which makes it, or set PYTHON`,
        ),
      ),
    );
    child.once('close', resolve);
  });
  // A script that ends early closes its input; its exit code and stderr say why.
  child.stdin.on('error', () => {});
  child.stdin.end([...lines].map(line => `${JSON.stringify(line)}\n`).join(''));
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code === null || !codes.includes(code)) throw new Error(`${script} ended with ${code}: ${stderr}`);
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T);
}
