import { AppError, messageOf } from '../errors.js';
import { serve } from '../main.js';

/** What `make serve` runs: the models of `MODEL_DIR`. */
try {
  await serve();
} catch (error) {
  process.stderr.write(`${error instanceof AppError ? `${error.code}: ` : ''}${messageOf(error)}\n`);
  process.exit(1);
}
