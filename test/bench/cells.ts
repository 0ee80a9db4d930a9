import { type Contestant, type ContestantName, start } from './contestants.js';
import type { Loader } from './loader.js';
import type { Report } from './orders.js';
import { busySeconds, cpuSeconds, processTree, pss, pssTogether } from './processes.js';
import type { Shape } from './workload.js';

/** One measurement: a contestant, a number of tasks, a round. */
export interface Cell extends Report {
  name: ContestantName;
  tasks: number;
  round: number;
  /** Megabytes, all processes together. */
  memory: number;
  /** Megabytes (PSS) of the largest process below the contestant's own: of this server, an inference process. */
  child: number;
  /** Milliseconds of CPU a request that the contestant took. */
  cpuMs: number;
  /** The part of it that the first process took: of this server, the one that listens. */
  firstMs: number;
  /** Cores that were taken by what is no part of the benchmark. */
  others: number;
}

export interface CellOptions {
  names: readonly ContestantName[];
  tasks: readonly number[];
  rounds: number;
  seconds: number;
  shape: Shape;
  settings?: Record<string, string>;
  onCell(cell: Cell): void;
}

const CONNECTIONS = 8;
const WARM_UP_S = 0.4;

/** Every contestant runs from the beginning to the end, idle while it is not its turn; rounds are interleaved. */
export async function measureCells(loader: Loader, options: CellOptions): Promise<Cell[]> {
  const cells: Cell[] = [];
  const running: Contestant[] = [];
  try {
    for (const name of options.names)
      running.push(await start(name, name === 'ours' ? options.settings : {}));
    // The first round is no measurement: just-in-time compilers, file caches and pools warm up.
    for (let round = 0; round <= options.rounds; round++) {
      for (const tasks of options.tasks) {
        for (const contestant of running) {
          const cell = await measure(loader, contestant, tasks, round, options);
          if (round === 0) continue;
          cells.push(cell);
          options.onCell(cell);
        }
      }
    }
  } finally {
    await Promise.all(running.map(contestant => contestant.stop()));
  }
  return cells;
}

async function measure(
  loader: Loader,
  { name, port, pid }: Contestant,
  tasks: number,
  round: number,
  { seconds, shape }: CellOptions,
): Promise<Cell> {
  const pids = processTree(pid);
  const own = [loader.pid, process.pid];
  const begin = performance.now();
  const before = {
    busy: busySeconds(),
    contestant: cpuSeconds(pids),
    first: cpuSeconds([pid]),
    own: cpuSeconds(own),
  };
  const report = await loader.run({
    type: 'cell',
    port,
    tasks,
    shape,
    connections: CONNECTIONS,
    // A few requests of 1,000 tasks take a second where they are slow.
    warmUp: round === 0 ? 1 : WARM_UP_S,
    seconds: round === 0 ? 1 : tasks >= 1_000 ? seconds * 1.5 : seconds,
    echo: name === 'echo',
  });
  const cpu = cpuSeconds(pids) - before.contestant;
  const first = cpuSeconds([pid]) - before.first;
  const foreign = busySeconds() - before.busy - cpu - (cpuSeconds(own) - before.own);
  const elapsed = (performance.now() - begin) / 1000;
  const aRequest = (spent: number) => (spent / elapsed / report.perSecond) * 1000;
  const [, ...below] = processTree(pid);
  const memory = pssTogether([pid, ...below]);
  const child = name === 'ours' ? Math.max(...below.map(pss)) : 0;
  const refused = Object.entries(report.statuses).filter(([status]) => status !== '200');
  if (refused.length > 0 || report.wrong > 0) {
    const statuses = refused.map(([status, count]) => `${count} x ${status}`).join(', ');
    throw new Error(
      `${name}, ${tasks} tasks: ${report.wrong} of ${report.checked} answers are wrong; statuses: ${statuses || 'all 200'}`,
    );
  }
  return {
    ...report,
    name,
    tasks,
    round,
    memory,
    child,
    cpuMs: aRequest(cpu),
    firstMs: aRequest(first),
    others: Math.max(0, foreign / elapsed),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
