/** How long decoding one file may take, in milliseconds, where the run has no limit. */
const UNTOLD_MS = 60_000;
/** The rest of a run's time is for the graph, and for what was measured too short. */
const SHARE_OF_RUN = 0.7;
/** However much others have taken, a file has this long. */
const LEAST_MS = 1_000;

/**
 * The time that decoding media takes from a run. A file that says nothing of how long its decoding will take must end before
 * the run does: a run that is too long costs its process, and all tasks in it. So a file that shares its run with others has at
 * most half of the time that is left.
 */
export class MediaTime {
  /** Absent: the run has no limit. */
  #left: number | undefined;
  #alone = true;

  /**
   * Called when a run begins.
   *
   * @param limit how long the run may take, in milliseconds; absent: it has no limit, and each file a minute
   * @param values how many it has
   */
  begin(limit: number | undefined, values: number): void {
    this.#left = limit === undefined ? undefined : limit * SHARE_OF_RUN;
    this.#alone = values <= 1;
  }

  /** The time of one more file. */
  file(): FileTime {
    if (this.#left === undefined) return new FileTime(UNTOLD_MS, () => {});
    const limit = Math.max(LEAST_MS, this.#alone ? this.#left : this.#left / 2);
    return new FileTime(limit, spent => {
      this.#left! -= spent;
    });
  }
}

/** The time of the process: it has one run at a time. */
export const mediaTime = new MediaTime();

/** The time that decoding one file may take. */
export class FileTime {
  readonly #limit: number;
  readonly #spend: (milliseconds: number) => void;
  #left: number;

  constructor(limit: number, spend: (milliseconds: number) => void) {
    this.#limit = limit;
    this.#left = limit;
    this.#spend = spend;
  }

  /**
   * Waits for a step of the decoding.
   *
   * @param silence how long this step may take at most, in milliseconds
   * @throws Error with a reason for people when it takes too long; the step itself goes on: end it
   */
  async within<T>(step: () => Promise<T>, silence = Number.POSITIVE_INFINITY): Promise<T> {
    const begin = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const isSilent = silence < this.#left;
      timer = setTimeout(
        () =>
          reject(
            isSilent ? new Error(`its decoder says nothing for ${seconds(silence)} seconds`) : this.#over(),
          ),
        Math.max(0, Math.min(silence, this.#left)),
      );
    });
    try {
      const result = await Promise.race([step(), late]);
      // A step that keeps the thread busy lets no timer fire.
      if (performance.now() - begin > this.#left) throw this.#over();
      return result;
    } finally {
      clearTimeout(timer);
      this.#took(performance.now() - begin);
    }
  }

  /**
   * Begins work on this thread, which no timer ends.
   *
   * @returns what is to be called between its steps; it throws an Error with a reason for people when they took too long
   */
  work(): () => void {
    let last = performance.now();
    return () => {
      const now = performance.now();
      this.#took(now - last);
      last = now;
      if (this.#left <= 0) throw this.#over();
    };
  }

  #took(milliseconds: number): void {
    this.#left -= milliseconds;
    this.#spend(milliseconds);
  }

  #over(): Error {
    return new Error(`decoding it takes longer than ${seconds(this.#limit)} seconds`);
  }
}

function seconds(milliseconds: number): string {
  return String(Math.round(milliseconds / 100) / 10);
}
