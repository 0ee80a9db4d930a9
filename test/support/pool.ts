import type { GroupSource, Priority } from '../../src/inference/job.js';
import { ChildPool, type PoolEvents, type PoolOptions } from '../../src/inference/pool.js';
import type { Binding, VersionSource } from '../../src/inference/protocol.js';
import { CapturedLog } from './log.js';

const BINDING: Binding = { id: 'b', controls: [] };

/** A pool of one version, with what is asked of it in one line. */
export interface TestPool {
  pool: ChildPool;
  log: CapturedLog;
  /** Runs texts and gives their items. */
  ask(texts: readonly string[], priority?: Priority): Promise<Record<string, unknown>[]>;
}

/** The texts, in groups. */
export function sourceOf(texts: readonly string[]): GroupSource {
  let next = 0;
  return {
    count: texts.length,
    next(most) {
      const values = texts.slice(next, next + most);
      next += values.length;
      if (values.length === 0) return null;
      return { count: values.length, text: JSON.stringify({ binding: BINDING.id, values }) };
    },
  };
}

/** The record of a version of the shipped model, or of one like it. */
export function versionSource(folder: string): VersionSource {
  return {
    key: 'v',
    label: 'm:1',
    folder,
    input: { kind: 'text' },
    outputs: [{ name: 'label', tensor: 'probabilities', kind: 'probabilities' }],
  };
}

/** Starts a pool of one child. */
export async function startChildPool(
  options: Partial<PoolOptions> = {},
  events: Partial<PoolEvents> = {},
): Promise<Pick<TestPool, 'pool' | 'log'>> {
  const log = new CapturedLog();
  const pool = await ChildPool.start(
    {
      workers: 1,
      providers: [{ name: 'cpu', device: 0 }],
      maxBatch: 8,
      batchDelay: 0,
      queueLimit: 1_000,
      deadline: 60_000,
      runLimit: 30_000,
      loadLimit: 30_000,
      childMemory: 2 ** 40,
      log: log.logger,
      ...options,
    },
    { run() {}, load() {}, restart() {}, ...events },
  );
  return { pool, log };
}

/** Starts a pool of one child and loads a version. */
export async function startPool(
  folder: string,
  options: Partial<PoolOptions> = {},
  events: Partial<PoolEvents> = {},
): Promise<TestPool> {
  const { pool, log } = await startChildPool(options, events);
  await pool.load(versionSource(folder));
  return {
    pool,
    log,
    async ask(texts, priority = 'bulk') {
      const job = { key: 'v', binding: BINDING, source: sourceOf(texts), priority };
      const { pieces } = await pool.run(job);
      return pieces.flatMap(piece => {
        if ('text' in piece) return JSON.parse(`[${piece.text}]`) as Record<string, unknown>[];
        return new Array<Record<string, unknown>>(piece.count).fill({ missing: piece.missing.code });
      });
    },
  };
}
