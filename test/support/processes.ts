import { readFile } from 'node:fs/promises';

/** The process ids of a server's inference processes. */
export async function inferenceProcesses(pid: number): Promise<number[]> {
  const list = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
  const pids = list === '' ? [] : list.split(' ').map(Number);
  const commands = await Promise.all(
    pids.map(each => readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => commands[index]!.includes('inference/child'));
}
