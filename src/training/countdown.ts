/** Ends something after a time that can be stopped and goes on. */
export class Countdown {
  readonly #over: () => void;
  #left: number;
  #began = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param milliseconds how long it may take while the clock runs, which it does at once */
  constructor(milliseconds: number, over: () => void) {
    this.#left = milliseconds;
    this.#over = over;
    this.start();
  }

  start(): void {
    if (this.#timer) return;
    this.#began = performance.now();
    this.#timer = setTimeout(this.#over, this.#left);
  }

  stop(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#left -= performance.now() - this.#began;
  }
}
