import { setTimeout } from 'node:timers/promises';

const LOOK_MS = 50;
/** Nothing that is waited for takes as long on a machine that does much else; what takes longer hangs. */
const PATIENCE_MS = 120_000;

/**
 * Waits until something holds.
 * @param what it is, in words, such as `the server to end`
 * @throws Error when that takes too long
 */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS / 1_000} s in vain for ${what}`);
    await setTimeout(LOOK_MS);
  }
}

/** What a promise comes to. @throws Error when that takes too long */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = setTimeout(PATIENCE_MS, undefined, { signal: over.signal }).then(
    () => Promise.reject(new Error(`waited ${PATIENCE_MS / 1_000} s in vain for ${what}`)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
