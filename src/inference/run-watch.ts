import { readFileSync } from 'node:fs';
import { statFields } from '../proc.js';
import { startedBy } from './started.js';

/** The watch over a run. */
export interface RunWatch {
  /** One of its tasks is done: the time of the next one begins. */
  progress(): void;
  end(): void;
}

/**
 * Time is counted in looks: while the machine sleeps, or the server is stopped, there is none, and all processes stand still too.
 */
const LOOKS = 20;
/** What computes less than this share of the time stands still: it was stopped, or waits for what does not come. */
const BUSY_SHARE = 0.05;
/** Linux counts in hundredths of a second for programs, whatever its own clock does. */
const TICK_MS = 10;

/**
 * Watches the time between two tasks that are done in a run.
 *
 * @param limit milliseconds
 * @param overdue told once that they took longer: whether the process computed meanwhile; true where the system does not tell
 */
export function watchRun(pid: number, limit: number, overdue: (busy: boolean) => void): RunWatch {
  let looks = 0;
  let before: number | null = null;
  const timer = setInterval(() => {
    looks++;
    // At the first look and not before: most runs are over by then.
    if (looks === 1) before = computed(pid);
    if (looks <= LOOKS) return;
    clearInterval(timer);
    const now = computed(pid);
    overdue(before === null || now === null || now - before >= BUSY_SHARE * limit);
  }, limit / LOOKS);
  return {
    progress() {
      looks = 0;
    },
    end: () => clearInterval(timer),
  };
}

/** How long a process has computed, with the programs that it has started, in milliseconds; null: that is not known. */
function computed(pid: number): number | null {
  try {
    const ticks = [pid, ...startedBy(pid)].map(each => {
      const fields = statFields(readFileSync(`/proc/${each}/stat`, 'latin1'));
      // Its own, and what programs that have ended took.
      return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
    });
    return TICK_MS * ticks.reduce((sum, each) => sum + each, 0);
  } catch {
    return null;
  }
}
