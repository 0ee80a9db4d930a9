import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { stripVTControlCharacters } from 'node:util';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { endWithServer } from '../guardian.js';
import { loadedKinds } from '../load-kinds.js';
import { nodeProgram } from '../node-program.js';
import { startProgram } from '../start-program.js';
import { readFrames, writeFrame } from './frames.js';
import type { ChildReply, ChildRequest, ChildResults } from './protocol.js';
import { startedBy } from './started.js';

type Unsent = ChildRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;
type Payload<T extends ChildRequest['type']> = Omit<Extract<Unsent, { type: T }>, 'type'>;

/** A child's answer: its result, and the bytes that came with it. */
export interface Reply<T extends ChildRequest['type']> {
  result: ChildResults[T];
  body: Buffer;
}

interface Pending {
  resolve(reply: { result: unknown; body: Buffer }): void;
  reject(error: AppError): void;
  progress?: (() => void) | undefined;
}

/** The process ended before it answered. */
export class ChildLost extends AppError {
  /** Whether it was at work on this request, which may be what ended it. */
  readonly begun: boolean;

  constructor(begun: boolean) {
    super('child_lost', 'the inference process that held this request ended; send it again');
    this.begun = begun;
  }
}

/** A child that ended before it was ready. */
export class NeverReady extends AppError {
  readonly pid: number;
  /** What it was at, and what there is to say of its end. */
  readonly how: string;

  private constructor({ pid }: InferenceChild, how: string, lastWords: string) {
    super(
      'provider_unavailable',
      `an inference process ended before it was ready, while ${how}\n${lastWords}`.trim(),
    );
    this.pid = pid;
    this.how = how;
  }

  /** @param at what it was at: `it started` */
  static async of(child: InferenceChild, at: string): Promise<NeverReady> {
    return new NeverReady(child, `${at}: ${await child.ended}`, await child.lastWords());
  }
}

/** What a stopping server answers. */
export function shuttingDown(): AppError {
  return new AppError('shutting_down', 'the server is stopping; send it again to the next one');
}

const PROGRAM = nodeProgram(import.meta.url, './child');
const SOCKET = 3;
const STDERR_KEPT = 4_000;

/** Those that run: they end with this process, also where it does not end as it should. */
const running = new Set<ChildProcess>();
const killAll = () => {
  for (const each of running) killNow(each);
};

/** One inference child: requests in, replies out, and the news of its end. Never reused after it failed. */
export class InferenceChild {
  readonly pid: number;
  /** Resolves with what there is to say of the end, when the process has ended for whatever reason. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #stderr = '';
  #alive = true;

  /**
   * Starts one.
   * @param temporary the folder for what it writes for a moment; by default the system's
   * @throws the system's error when no process can be started
   */
  static async start(log: Logger, temporary?: string): Promise<InferenceChild> {
    const child = await startProgram(process.execPath, [...PROGRAM, ...loadedKinds()], {
      // A child that inherits the server's output makes it one that the server waits for: libuv takes O_NONBLOCK from it.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      ...(temporary === undefined ? {} : { env: { ...process.env, TMPDIR: temporary } }),
    });
    return new InferenceChild(child, log);
  }

  private constructor(child: ChildProcess, log: Logger) {
    this.#process = child;
    this.pid = child.pid!;
    const unguard = endWithServer(this.pid);
    if (running.add(this.#process).size === 1) process.on('exit', killAll);
    this.#socket = this.#process.stdio[SOCKET] as Socket;
    readFrames<ChildReply>(this.#socket, ({ header, body }) => this.#settle(header, body));
    // A write to a child that has just ended fails here; its exit tells the same.
    this.#socket.on('error', error =>
      log.debug({ pid: this.pid, err: error }, 'the socket of an inference process failed'),
    );
    // What modules of kinds print.
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      log.info({ pid: this.pid, stdout: text.trimEnd() }, 'an inference process wrote to stdout');
    });
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      // ONNX Runtime tells the true cause of a failure on stderr only.
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
      log.warn({ pid: this.pid, stderr: text.trimEnd() }, 'an inference process wrote to stderr');
    });
    this.#process.once('exit', () => {
      this.#alive = false;
      unguard();
    });
    this.ended = new Promise(resolve => {
      // After `exit`: what it answered at last has been read by then.
      this.#process.once('close', (code, signal) => {
        this.#alive = false;
        // Requests are answered in their order: the first is what the process was at.
        let begun = true;
        for (const { reject } of this.#pending.values()) {
          reject(new ChildLost(begun));
          begun = false;
        }
        this.#pending.clear();
        running.delete(this.#process);
        if (running.size === 0) process.off('exit', killAll);
        resolve(signal ? `signal ${signal}` : `exit code ${code}`);
      });
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The last that the process wrote to stderr. */
  get stderr(): string {
    return this.#stderr;
  }

  /**
   * Sends a request and waits for its reply.
   * @param body lines that follow the header
   * @param progress called when the process tells that a part of it is done
   * @throws AppError what the child threw
   * @throws ChildLost when it ended first
   */
  request<T extends ChildRequest['type']>(
    type: T,
    payload: Payload<T>,
    body: readonly (string | Buffer)[] = [],
    progress?: () => void,
  ): Promise<Reply<T>> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) return reject(new ChildLost(false));
      const id = this.#nextId++;
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject, progress });
      writeFrame(this.#socket, { type, id, ...payload }, body);
    });
  }

  /** Ends the process at once, with the programs that it has started; requests that it holds fail with `child_lost`. */
  end(): void {
    if (this.#alive) killNow(this.#process);
  }

  /** The same, and waits until it has ended. */
  async kill(): Promise<void> {
    this.end();
    await this.ended;
  }

  /** All that the process wrote to stderr at last, once it has ended; without colours. */
  async lastWords(): Promise<string> {
    await finished(this.#process.stderr!);
    return stripVTControlCharacters(this.#stderr).trim();
  }

  #settle(header: ChildReply, body: Buffer): void {
    const pending = this.#pending.get(header.id);
    if ('progress' in header) {
      pending?.progress?.();
      return;
    }
    this.#pending.delete(header.id);
    if ('error' in header) pending?.reject(AppError.from(header.error));
    else pending?.resolve({ result: header.result, body });
  }
}

/** Ends a process with the programs that it has started. */
function killNow(child: ChildProcess): void {
  const programs = startedBy(child.pid!);
  child.kill('SIGKILL');
  for (const pid of programs) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}
