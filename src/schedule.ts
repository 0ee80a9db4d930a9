import { createTask } from 'node-cron';

/** Time, so that tests need not wait for it. */
export interface ScheduleClock {
  /** The time of day, which may be set while the server runs, in milliseconds since 1970. */
  now(): number;
  /**
   * Waits by a clock that nobody sets.
   * @returns calls it off
   */
  after(milliseconds: number, action: () => void): () => void;
}

const SYSTEM_CLOCK: ScheduleClock = {
  now: Date.now,
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** How long a change of the clock may go unnoticed: nothing is waited for longer at a time. */
const LOOK_MS = 10_000;

/**
 * The times of a cron expression, in this machine's time zone.
 *
 * node-cron reads the expression, and its own scheduler is not used: that one tells of each time that was passed over when
 * the clock was set forward, half a million after a year, and waits for all the time that it was set back by.
 *
 * @param expression one that node-cron takes
 * @returns the next one after now, in milliseconds since 1970
 */
export function cronTimes(expression: string): () => number {
  const task = createTask(expression, () => {});
  return () => task.getNextRuns(1)[0]!.getTime();
}

/**
 * Does something at certain times. When the clock is set forward, or the machine slept, the times that were passed over count
 * as one. When it is set back, the times that come again count again.
 *
 * @param next the next time after now, in milliseconds since 1970
 * @returns ends it
 * @example
 * const stop = schedule(cronTimes('* * * * *'), () => reload());
 */
export function schedule(next: () => number, action: () => void, clock = SYSTEM_CLOCK): () => void {
  let seen = clock.now();
  let due = next();
  let callOff = wait();

  function wait(): () => void {
    return clock.after(Math.min(Math.max(due - seen, 1), LOOK_MS), look);
  }
  function look(): void {
    const now = clock.now();
    const isDue = now >= due;
    if (isDue || now < seen) due = next();
    seen = now;
    callOff = wait();
    if (isDue) action();
  }
  return () => callOff();
}
