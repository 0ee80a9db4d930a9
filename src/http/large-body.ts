import { abortable } from '../abortable.js';
import { AppError } from '../errors.js';
import { BodyThread, type LargeBody } from './body-thread.js';
import { Turns } from './turns.js';

/** How long somebody waits for a body. */
export interface Patience {
  /** When the request came, by `performance.now()`; by default it comes now. */
  begin?: number;
  /** Resolves when nobody waits for the answer any more. */
  gone?: Promise<unknown>;
}

/**
 * The size in bytes from which on a body has a thread of its own. The worst of JSON below it takes some seconds, for which others
 * may wait.
 */
const HUGE_BYTES = 10 * 2 ** 20;
/** Threads of such bodies at a time, and what the objects of each may take: one of 64 MB takes some 500 MB. */
const HUGE_AT_ONCE = 4;
const HUGE_MEMORY_MB = 1_024;

/**
 * Parses large bodies beside the server's thread, and reads their tasks there, a few at a time: the server's thread sees only the
 * bytes that it passes on to the inference children.
 *
 * V8 lets nobody interrupt it while it parses. So bodies are parsed one after the other, the smallest first, and a huge one has a
 * thread of its own, which holds nothing else, costs nobody else anything when it ends, and gives its memory back.
 */
export class LargeBodies {
  /** How long a body may take, in milliseconds. */
  readonly #deadline: number;
  readonly #large = new Turns(1);
  readonly #huge = new Turns(HUGE_AT_ONCE);
  readonly #threads = new Set<BodyThread>();
  #shared: BodyThread | undefined;

  /** @param deadline how long a body may take before it is parsed, in milliseconds since its request came */
  constructor(deadline: number) {
    this.#deadline = deadline;
  }

  /**
   * Parses a body.
   * @param pieces in order; they are taken over: nobody may use them afterwards
   * @throws AppError `json_invalid`, `request_invalid`, `body_too_large`, `deadline_exceeded` or `client_gone`
   */
  async parse(
    pieces: readonly Buffer[],
    { begin = performance.now(), gone }: Patience = {},
  ): Promise<LargeBody> {
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    const giveUp = new AbortController();
    const late = setTimeout(
      () => giveUp.abort(tooLate(this.#deadline)),
      Math.max(0, begin + this.#deadline - performance.now()),
    );
    void gone?.then(() => giveUp.abort(new AppError('client_gone', 'the client hung up')));
    try {
      const parse = size < HUGE_BYTES ? this.#together : this.#alone;
      return await parse.call(this, pieces, size, giveUp.signal);
    } finally {
      clearTimeout(late);
    }
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all([...this.#threads].map(thread => thread.close()));
  }

  async #together(pieces: readonly Buffer[], size: number, signal: AbortSignal): Promise<LargeBody> {
    const leave = await this.#large.take(size, signal);
    if (!this.#shared || this.#shared.ended) this.#shared = this.#start();
    const parsed = this.#shared.parse(pieces).finally(leave);
    return abandonable(parsed, signal, ({ batch }) => batch.release());
  }

  async #alone(pieces: readonly Buffer[], size: number, signal: AbortSignal): Promise<LargeBody> {
    const leave = await this.#huge.take(size, signal);
    const thread = this.#start(HUGE_MEMORY_MB);
    void thread.over.then(leave);
    const end = () => void thread.close();
    try {
      const { batch, ...head } = await abandonable(thread.parse(pieces), signal, end);
      return { ...head, batch: { ...batch, release: end } };
    } catch (error) {
      end();
      throw error;
    }
  }

  #start(memory?: number): BodyThread {
    const thread = new BodyThread(memory);
    this.#threads.add(thread);
    void thread.over.then(() => this.#threads.delete(thread));
    return thread;
  }
}

function tooLate(deadline: number): AppError {
  return new AppError(
    'deadline_exceeded',
    `the body was not parsed within ${deadline / 1000} s (REQUEST_DEADLINE); send it again, or fewer tasks at a time`,
  );
}

/** Waits for what may be given up; what comes all the same is released. */
async function abandonable<T>(
  work: Promise<T>,
  signal: AbortSignal,
  release: (result: T) => void,
): Promise<T> {
  try {
    return await abortable(work, signal);
  } catch (error) {
    work.then(release, () => {});
    throw error;
  }
}
