import type { Logger } from 'pino';
import { inBackground } from '../background.js';
import { AppError } from '../errors.js';
import { ChildLost, InferenceChild, NeverReady, shuttingDown } from './child-process.js';
import type { ChildResults } from './protocol.js';
import type { ProviderChoice } from './providers/contract.js';

/** How children are started. */
export interface StartOptions {
  providers: readonly ProviderChoice[];
  log: Logger;
  /** The folder for what the children write for a moment; by default the system's. */
  temporary?: string;
}

/** A child that has started. */
export interface Started {
  child: InferenceChild;
  result: ChildResults['start'];
}

/**
 * Starts a child, which can then load versions.
 * @param isBackground whether it gives way to all others
 * @param signal ends it, now and later
 * @throws AppError `provider_unavailable` when no provider of the list works here; NeverReady when it ended at once
 */
export async function startChild(
  { providers, log, temporary }: StartOptions,
  isBackground: (child: InferenceChild) => boolean,
  signal: AbortSignal,
): Promise<Started> {
  const child = await InferenceChild.start(log, temporary);
  const background = isBackground(child);
  const stop = () => child.end();
  signal.addEventListener('abort', stop);
  inBackground(
    log,
    'the end of an inference process could not be handled',
    child.ended.then(() => signal.removeEventListener('abort', stop)),
  );
  if (signal.aborted) stop();
  try {
    return { child, result: (await child.request('start', { providers, background })).result };
  } catch (error) {
    await child.kill();
    if (signal.aborted) throw shuttingDown();
    if (error instanceof ChildLost) throw await NeverReady.of(child, 'it started');
    if (error instanceof AppError && error.code === 'provider_unavailable') {
      throw new AppError(error.code, `${error.message}\n${await child.lastWords()}`.trim());
    }
    throw error;
  }
}
