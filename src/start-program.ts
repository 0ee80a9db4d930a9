import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Starts a program. What the system refuses (no such program, or no descriptors, processes or memory left) comes from Node as an
 * event, as an exception, or as streams that are not there; here it is one error.
 *
 * @returns the process, which runs; it has an `error` event later when a signal or a message could not be sent
 * @throws the system's error, with its code
 * @example
 * const child = await startProgram('python3', ['train.py'], { stdio: ['ignore', 'pipe', 'pipe'] });
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<ChildProcess> {
  const child = spawn(command, args, options);
  await once(child, 'spawn');
  // Its end tells the same.
  child.on('error', () => {});
  return child;
}
