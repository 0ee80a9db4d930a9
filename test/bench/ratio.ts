import { join } from 'node:path';
import { median } from './cells.js';
import { LineProcess } from './lines.js';
import { BENCH, PIPELINE, PYTHON, TEXTS } from './paths.js';
import type { RawRates } from './raw.js';

const SIZES = ['1', '25', '1000'];
/** Both are pinned to the same core, in turn. */
const CORE = '0';
const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

export interface Ratio {
  /** Texts a second on one core by batch size, medians. */
  ours: Record<string, number>;
  sklearn: Record<string, number>;
  /** Medians of the rounds' ratios. */
  ratios: Record<string, number>;
  featuresMs: number;
  allMs: number;
  difference: number;
}

/** A process on one core. */
const pinned = (command: readonly string[]) =>
  new LineProcess(['taskset', '-c', CORE, ...command], ONE_THREAD);

/** What one inference process does on one core against scikit-learn's own `predict_proba` on the same texts. */
export async function measureRatio(folder: string, rounds: number, seconds: number): Promise<Ratio> {
  const node = [process.execPath, '--import', 'tsx', join(BENCH, 'raw.ts'), folder, TEXTS, ...SIZES];
  const python = [PYTHON, join(BENCH, 'rate.py'), PIPELINE, TEXTS, ...SIZES];
  const processes = [pinned(node), pinned(python)] as const;
  try {
    for (const each of processes) await each.read();
    const ours: RawRates[] = [];
    const sklearn: Record<string, number>[] = [];
    for (let round = 0; round <= rounds; round++) {
      const raw = JSON.parse(await processes[0].ask(`${seconds}`)) as RawRates;
      const own = JSON.parse(await processes[1].ask(`${seconds}`)) as Record<string, number>;
      // The first round warms up.
      if (round === 0) continue;
      ours.push(raw);
      sklearn.push(own);
    }
    const bySize = (value: (size: string, round: number) => number) =>
      Object.fromEntries(SIZES.map(size => [size, median(ours.map((_, round) => value(size, round)))]));
    return {
      ours: bySize((size, round) => ours[round]!.rates[size]!),
      sklearn: bySize((size, round) => sklearn[round]![size]!),
      ratios: bySize((size, round) => ours[round]!.rates[size]! / sklearn[round]![size]!),
      featuresMs: median(ours.map(({ featuresMs }) => featuresMs)),
      allMs: median(ours.map(({ allMs }) => allMs)),
      difference: ours[0]!.difference,
    };
  } finally {
    await Promise.all(processes.map(each => each.close()));
  }
}
