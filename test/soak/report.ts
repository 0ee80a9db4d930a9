export interface Count {
  answered: number;
  /** Answers of 503, after which the request was sent again. */
  retried: number;
  milliseconds: number[];
}

/** What is claimed, whether it holds, and what speaks against it. */
export type Check = [claim: string, holds: boolean, reasons: readonly string[]];

const REASONS_SHOWN = 5;

export const say = (text: string) => process.stdout.write(`${text}\n`);

/** The value below which a part (0..1) of the values lies. */
export const at = (values: readonly number[], part: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

/** A table of what was answered and how quickly. */
export function sayCounts(counts: Readonly<Record<string, Count>>): void {
  say(
    `\n${'request'.padEnd(12)}${'answered'.padStart(10)}${'retried'.padStart(10)}   p50 ms   p99 ms   max ms`,
  );
  for (const [name, { answered, retried, milliseconds }] of Object.entries(counts)) {
    const times = [0.5, 0.99, 1].map(part => at(milliseconds, part).toFixed(1).padStart(9));
    say(`${name.padEnd(12)}${String(answered).padStart(10)}${String(retried).padStart(10)}${times.join('')}`);
  }
}

/** Says what holds, and then what does not: the end of a long log is what is read. @returns the exit code */
export function sayChecks(checks: readonly Check[], begin: number): number {
  say('');
  for (const [claim, holds, reasons] of [...checks].sort((a, b) => Number(b[1]) - Number(a[1]))) {
    say(`${holds ? '✔' : '✖'} ${claim}`);
    if (!holds) for (const reason of reasons.slice(0, REASONS_SHOWN)) say(`    ${reason}`);
  }
  const failed = checks.filter(([, holds]) => !holds).length;
  const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
  say(`\n${checks.length - failed} passed, ${failed} failed in ${seconds}s`);
  return failed === 0 ? 0 : 1;
}
