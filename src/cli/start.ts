import { constants } from 'node:os';
import { AppError, messageOf } from '../errors.js';

/** What `make serve` runs: the models of `MODEL_DIR`. */

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** The exit code of a program that a signal has ended, by the custom of shells: 143 for SIGTERM. */
const endBy = (signal: (typeof SIGNALS)[number]) => process.exit(128 + constants.signals[signal]);

// The first process of a container ignores signals that it has no handler for, and the server takes a moment to be loaded.
for (const signal of SIGNALS) process.on(signal, endBy);
try {
  const { serve } = await import('../main.js');
  const served = serve();
  // It has handlers of its own now. Without any for a moment, a signal that came while it was loaded would be lost.
  for (const signal of SIGNALS) process.off(signal, endBy);
  await served;
} catch (error) {
  process.stderr.write(`${error instanceof AppError ? `${error.code}: ` : ''}${messageOf(error)}\n`);
  process.exit(1);
}
