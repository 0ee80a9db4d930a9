import { type Logger, pino } from 'pino';

/** A line of the log; pino's levels are numbers, 40 is a warning, 50 an error. */
export interface LogLine {
  level: number;
  msg: string;
  [field: string]: unknown;
}

/** A log that is kept instead of written. */
export class CapturedLog {
  readonly lines: LogLine[] = [];
  readonly logger: Logger;
  readonly #waiting = new Set<() => void>();

  constructor() {
    this.logger = pino({ level: 'debug' }, { write: line => this.add(JSON.parse(line)) });
  }

  add(line: LogLine): void {
    this.lines.push(line);
    for (const check of [...this.#waiting]) check();
  }

  /** The first line that fits, once it is there. */
  async line(fits: (line: LogLine) => boolean): Promise<LogLine> {
    return new Promise(resolve => {
      const check = () => {
        const found = this.lines.find(fits);
        if (!found) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}
