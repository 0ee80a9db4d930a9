const works: (() => Promise<void>)[] = [];

/**
 * What is to be done when the tests have ended, by modules that several files of tests share: mocha, which runs them in
 * parallel, calls it after each file, while a hook of the module itself would be one of the first file alone.
 */
export function atEnd(work: () => Promise<void>): void {
  works.push(work);
}

async function end(this: Mocha.Context): Promise<void> {
  this.timeout(60_000);
  const ended = await Promise.allSettled(works.map(work => work()));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

/** Mocha reads this where `.mocharc.json` has it load this module, before it runs files. */
export const mochaHooks = { afterAll: end };

// Without that configuration the first file of tests loads this module.
globalThis.after?.(end);
