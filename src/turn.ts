import { abortable } from './abortable.js';

/**
 * Waits for a turn, which whoever keeps those that wait gives.
 * @param enter puts what begins the turn among those that wait. @returns takes it away again, and says whether it was there still:
 *   otherwise its turn has begun
 * @param giveBack gives a turn back that has begun in the moment of the abort, and is not used
 * @param signal ends the waiting
 * @throws the signal's reason: the turn is not had then, nor lost
 */
export async function waitForTurn(
  enter: (begin: () => void) => () => boolean,
  giveBack: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let leave!: () => boolean;
  const turn = new Promise<void>(begin => {
    leave = enter(begin);
  });
  try {
    await abortable(turn, signal);
  } catch (error) {
    if (!leave()) giveBack();
    throw error;
  }
}
